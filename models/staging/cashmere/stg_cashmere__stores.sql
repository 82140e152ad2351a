with versions_received as (
    select * from {{ source('cashmere', 'stores') }}
),

newest as (
    {{ newest_version('versions_received', key=['store_code']) }}
),

final as (
    select
        cast(store_code as {{ dbt.type_string() }}) as store_code,
        cast(name as {{ dbt.type_string() }}) as store_name,
        cast(city as {{ dbt.type_string() }}) as city,
        cast(postcode as {{ dbt.type_string() }}) as postcode,
        cast(country as {{ dbt.type_string() }}) as country,
        cast(region as {{ dbt.type_string() }}) as region,
        cast(timezone as {{ dbt.type_string() }}) as time_zone,
        cast(opened_on as date) as opened_date,
        cast(closed_on as date) as closed_date
    from newest
)

select * from final
