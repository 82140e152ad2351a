with employees as (
    select * from {{ ref('stg_cashmere__employees') }}
),

tickets as (
    select * from {{ ref('stg_cashmere__tickets') }}
),

-- Someone who sold but is on no staff list keeps the sales under the code on the tickets.
named_by_sales as (
    select
        tickets.employee_code,
        min(tickets.store_code) as store_code
    from tickets
    left join employees on tickets.employee_code = employees.employee_code
    where tickets.employee_code is not null and employees.employee_code is null
    group by tickets.employee_code
),

all_employees as (
    select
        employee_code,
        name_key,
        store_code,
        hired_date,
        left_date,
        false as is_inferred
    from employees
    union all
    select
        employee_code,
        null as name_key,
        store_code,
        null as hired_date,
        null as left_date,
        true as is_inferred
    from named_by_sales
),

final as (
    select
        cast('cashmere:' || employee_code as {{ dbt.type_string() }}) as employee_key,
        cast('cashmere' as {{ dbt.type_string() }}) as source_system,
        cast(employee_code as {{ dbt.type_string() }}) as employee_code,
        cast(name_key as {{ dbt.type_string() }}) as name_key,
        cast('cashmere:' || store_code as {{ dbt.type_string() }}) as store_key,
        cast(hired_date as date) as hired_date,
        cast(left_date as date) as left_date,
        is_inferred
    from all_employees
)

select * from final
