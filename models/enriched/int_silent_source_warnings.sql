with source_days as (
    select * from {{ ref('int_source_days') }}
),

compared as (
    select
        *,
        max(complete_date) over () as furthest_date
    from source_days
),

final as (
    select
        cast('SOURCE_SILENT' as {{ dbt.type_string() }}) as warning_code,
        cast(source_system || ' days' as {{ dbt.type_string() }}) as subject,
        cast({{ dbt.datediff('complete_date', 'furthest_date', 'day') }} as bigint) as row_count,
        cast({{ add_days('complete_date', 1) }} as {{ dbt.type_string() }}) as example_key
    from compared
    where not is_selling
)

select * from final
