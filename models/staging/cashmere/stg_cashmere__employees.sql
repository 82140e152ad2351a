with versions_received as (
    select * from {{ source('cashmere', 'employees') }}
),

newest as (
    {{ newest_version('versions_received', key=['employee_code']) }}
),

final as (
    select
        cast(employee_code as {{ dbt.type_string() }}) as employee_code,
        cast(display_name as {{ dbt.type_string() }}) as name_key,
        cast(store_code as {{ dbt.type_string() }}) as store_code,
        cast(hired_on as date) as hired_date,
        cast(left_on as date) as left_date
    from newest
)

select * from final
