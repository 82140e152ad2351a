with web_customers as (
    select * from {{ ref('stg_magento__customer_entity') }}
),

web_orders as (
    select * from {{ ref('stg_magento__sales_order') }}
),

subscribers as (
    select * from {{ ref('stg_magento__newsletter_subscriber') }}
),

card_holders as (
    select * from {{ ref('unified_card_holders') }}
),

orders as (
    select * from {{ ref('unified_orders') }}
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

-- Guests and newsletter readers are known by their e-mail alone.
named_by_email as (
    select
        email_key,
        min(seen_date) as registered_date
    from (
        select
            email_key,
            cast(created_at as date) as seen_date
        from web_orders
        where customer_id is null and email_key is not null
        union all
        select
            email_key,
            cast(status_changed_at as date) as seen_date
        from subscribers
        where customer_id is null and email_key is not null
    ) as sightings
    group by email_key
),

-- An account that no customer export describes is known by the e-mail of its orders or subscription.
ordered_accounts as (
    select
        customer_id,
        max(email_key) as email_key
    from (
        select customer_id, email_key from web_orders
        union all
        select customer_id, email_key from subscribers
    ) as sightings
    where customer_id is not null
    group by customer_id
),

activity as (
    select
        source_customer_key,
        min(order_date) as first_order_date,
        max(ordered_at) as last_ordered_at
    from orders
    where source_customer_key is not null
    group by source_customer_key
),

known_keys as (
    select
        source_customer_key,
        source_system,
        customer_kind
    from profiles
    union
    select
        'magento:guest:' || email_key as source_customer_key,
        'magento' as source_system,
        'guest' as customer_kind
    from named_by_email
),

named_keys as (
    select
        source_customer_key,
        source_system
    from orders
    where source_customer_key is not null
    union
    select
        'magento:' || customer_id as source_customer_key,
        'magento' as source_system
    from subscribers
    where customer_id is not null
),

-- Whom an order or a subscription names but no export describes.
all_keys as (
    select * from known_keys
    union all
    select
        named_keys.source_customer_key,
        named_keys.source_system,
        'inferred' as customer_kind
    from named_keys
    left join known_keys on named_keys.source_customer_key = known_keys.source_customer_key
    where known_keys.source_customer_key is null
),

final as (
    select
        cast(all_keys.source_customer_key as {{ dbt.type_string() }}) as source_customer_key,
        cast(all_keys.source_system as {{ dbt.type_string() }}) as source_system,
        cast(all_keys.customer_kind as {{ dbt.type_string() }}) as customer_kind,
        cast(
            coalesce(profiles.email_key, named_by_email.email_key, ordered_accounts.email_key)
            as {{ dbt.type_string() }}
        ) as email_key,
        cast(profiles.phone_key as {{ dbt.type_string() }}) as phone_key,
        cast(
            coalesce(
                profiles.card_key,
                case
                    when all_keys.customer_kind = 'inferred' and all_keys.source_system = 'cashmere'
                        then replace(all_keys.source_customer_key, 'cashmere:', '')
                end
            ) as {{ dbt.type_string() }}
        ) as card_key,
        cast(profiles.first_name_key as {{ dbt.type_string() }}) as first_name_key,
        cast(profiles.last_name_key as {{ dbt.type_string() }}) as last_name_key,
        cast(profiles.birth_date as date) as birth_date,
        cast(coalesce(profiles.gender, 'unknown') as {{ dbt.type_string() }}) as gender,
        cast(profiles.city as {{ dbt.type_string() }}) as city,
        cast(profiles.postcode as {{ dbt.type_string() }}) as postcode,
        cast(profiles.country as {{ dbt.type_string() }}) as country,
        cast(profiles.home_store_key as {{ dbt.type_string() }}) as home_store_key,
        cast(profiles.registered_date as date) as registered_date,
        cast(
            least(
                coalesce(profiles.registered_date, named_by_email.registered_date, activity.first_order_date),
                coalesce(activity.first_order_date, profiles.registered_date, named_by_email.registered_date)
            ) as date
        ) as first_seen_date,
        cast(
            greatest(
                coalesce(profiles.profile_updated_at, activity.last_ordered_at, timestamp '1900-01-01 00:00:00'),
                coalesce(activity.last_ordered_at, profiles.profile_updated_at, timestamp '1900-01-01 00:00:00')
            ) as timestamp
        ) as last_seen_at
    from all_keys
    left join profiles on all_keys.source_customer_key = profiles.source_customer_key
    left join named_by_email
        on all_keys.source_customer_key = 'magento:guest:' || named_by_email.email_key
    left join ordered_accounts
        on
            all_keys.source_customer_key = 'magento:' || ordered_accounts.customer_id
            and all_keys.customer_kind = 'inferred'
    left join activity on all_keys.source_customer_key = activity.source_customer_key
)

select * from final
