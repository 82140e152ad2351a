with versions_received as (
    select * from {{ source('cashmere', 'customers') }}
),

-- A card that is handed to somebody else keeps its number and gets a new creation date.
newest as (
    {{ newest_version('versions_received', key=['card_no', 'created_on'], version='updated_at') }}
),

final as (
    select
        cast(card_no as {{ dbt.type_string() }}) as card_key,
        cast(created_on as date) as holder_from_date,
        cast(title as {{ dbt.type_string() }}) as title,
        cast(first_name as {{ dbt.type_string() }}) as first_name_key,
        cast(last_name as {{ dbt.type_string() }}) as last_name_key,
        cast(
            case
                when upper(replace(title, '.', '')) in ('M', 'MR', 'MONSIEUR') then 'male'
                when upper(replace(title, '.', '')) in ('MME', 'MLLE', 'MRS', 'MS', 'MISS')
                    then 'female'
                else 'unknown'
            end as {{ dbt.type_string() }}
        ) as gender,
        cast(birth_date as date) as birth_date,
        cast(email as {{ dbt.type_string() }}) as email_key,
        cast(mobile as {{ dbt.type_string() }}) as phone_key,
        cast(postcode as {{ dbt.type_string() }}) as postcode,
        cast(city as {{ dbt.type_string() }}) as city,
        cast(country as {{ dbt.type_string() }}) as country,
        cast(home_store_code as {{ dbt.type_string() }}) as home_store_code,
        cast(coalesce(email_optin = 'true', false) as boolean) as has_email_optin,
        cast(coalesce(sms_optin = 'true', false) as boolean) as has_sms_optin,
        cast(coalesce(post_optin = 'true', false) as boolean) as has_post_optin,
        cast(created_on as date) as created_date,
        cast(updated_at as timestamp) as updated_at_local
    from newest
)

select * from final
