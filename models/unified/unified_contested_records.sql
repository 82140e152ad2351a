with contested as (
    select * from {{ ref('stg_magento__contested_records') }}
    union all
    select * from {{ ref('stg_cashmere__contested_records') }}
),

final as (
    select
        source_system,
        entity,
        record_key,
        content_count
    from contested
)

select * from final
