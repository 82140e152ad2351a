with web_customers as (
    select * from {{ ref('stg_magento__customer_entity') }}
),

card_holders as (
    select * from {{ ref('unified_card_holders') }}
),

profiles as (
    select
        'magento:' || customer_id as source_customer_key,
        'magento' as source_system,
        'account' as customer_kind,
        email_key,
        phone_key,
        null as card_key,
        first_name_key,
        last_name_key,
        birth_date,
        gender,
        city,
        postcode,
        country,
        'magento:' || store_id as home_store_key,
        cast(created_at as date) as registered_date,
        updated_at as profile_updated_at
    from web_customers
    union all
    select
        source_customer_key,
        'cashmere' as source_system,
        'card' as customer_kind,
        email_key,
        phone_key,
        card_key,
        first_name_key,
        last_name_key,
        birth_date,
        gender,
        city,
        postcode,
        country,
        'cashmere:' || home_store_code as home_store_key,
        created_date as registered_date,
        updated_at as profile_updated_at
    from card_holders
),

final as (
    select
        cast(source_customer_key as {{ dbt.type_string() }}) as source_customer_key,
        cast(source_system as {{ dbt.type_string() }}) as source_system,
        cast(customer_kind as {{ dbt.type_string() }}) as customer_kind,
        email_key,
        phone_key,
        cast(card_key as {{ dbt.type_string() }}) as card_key,
        first_name_key,
        last_name_key,
        cast(birth_date as date) as birth_date,
        gender,
        city,
        postcode,
        country,
        cast(home_store_key as {{ dbt.type_string() }}) as home_store_key,
        cast(registered_date as date) as registered_date,
        cast(profile_updated_at as timestamp) as profile_updated_at
    from profiles
)

select * from final
