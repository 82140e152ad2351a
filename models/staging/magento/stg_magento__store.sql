with versions_received as (
    select * from {{ source('magento', 'store') }}
),

newest as (
    {{ newest_version('versions_received', key=['store_id']) }}
),

final as (
    select
        cast(store_id as {{ dbt.type_string() }}) as store_id,
        cast(code as {{ dbt.type_string() }}) as store_code,
        cast(name as {{ dbt.type_string() }}) as store_name,
        cast(website_id as {{ dbt.type_string() }}) as website_id,
        cast(timezone as {{ dbt.type_string() }}) as time_zone,
        cast(country_id as {{ dbt.type_string() }}) as country,
        cast(coalesce(is_active = 'true', false) as boolean) as is_active
    from newest
)

select * from final
