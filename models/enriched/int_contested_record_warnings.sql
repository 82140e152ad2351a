with contested as (
    select * from {{ ref('unified_contested_records') }}
),

warned as (
    select
        'SAME_VERSION' as warning_code,
        source_system || ' ' || entity as subject,
        record_key as example_key
    from contested
),

final as (
    {{ counted_warnings('warned') }}
)

select * from final
