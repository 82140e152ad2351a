with contested as (
    select * from {{ ref('unified_contested_records') }}
),

final as (
    select
        cast('SAME_VERSION' as {{ dbt.type_string() }}) as warning_code,
        cast(source_system || ' ' || entity as {{ dbt.type_string() }}) as subject,
        cast(count(*) as bigint) as row_count,
        cast(min(record_key) as {{ dbt.type_string() }}) as example_key
    from contested
    group by source_system, entity
)

select * from final
