with versions_received as (
    select * from {{ source('magento', 'customer_entity') }}
),

newest as (
    {{ newest_version('versions_received', key=['entity_id'], version='updated_at') }}
),

final as (
    select
        cast(entity_id as {{ dbt.type_string() }}) as customer_id,
        cast(email as {{ dbt.type_string() }}) as email_key,
        cast(telephone as {{ dbt.type_string() }}) as phone_key,
        cast(firstname as {{ dbt.type_string() }}) as first_name_key,
        cast(lastname as {{ dbt.type_string() }}) as last_name_key,
        cast(dob as date) as birth_date,
        cast(
            case gender
                when '1' then 'male'
                when '2' then 'female'
                else 'unknown'
            end as {{ dbt.type_string() }}
        ) as gender,
        cast(group_id as {{ dbt.type_string() }}) as customer_group_id,
        cast(store_id as {{ dbt.type_string() }}) as store_id,
        cast(website_id as {{ dbt.type_string() }}) as website_id,
        cast(city as {{ dbt.type_string() }}) as city,
        cast(postcode as {{ dbt.type_string() }}) as postcode,
        cast(country_id as {{ dbt.type_string() }}) as country,
        cast(coalesce(is_active = 'true', false) as boolean) as is_active,
        cast(created_at as timestamp) as created_at,
        cast(updated_at as timestamp) as updated_at
    from newest
)

select * from final
