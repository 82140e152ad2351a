with profiles as (
    select * from {{ ref('unified_customer_profiles') }}
),

web_contacts as (
    select * from {{ ref('unified_web_contacts') }}
),

orders as (
    select * from {{ ref('unified_orders') }}
),

activity as (
    select
        source_customer_key,
        min(source_system) as source_system,
        -- A held date is no sign of anybody, unless there is no other.
        coalesce(min(case when is_held then null else order_date end), min(order_date))
            as first_order_date,
        max(ordered_at) as last_ordered_at
    from orders
    where source_customer_key is not null
    group by source_customer_key
),

-- Whom an order or a subscription names is a customer too, described by an export or not.
all_keys as (
    select
        source_customer_key,
        source_system
    from profiles
    union
    select
        source_customer_key,
        'magento' as source_system
    from web_contacts
    union
    select
        source_customer_key,
        source_system
    from activity
),

known as (
    select
        all_keys.source_customer_key,
        all_keys.source_system,
        case
            when profiles.source_customer_key is not null then profiles.customer_kind
            when web_contacts.is_guest then 'guest'
            else 'inferred'
        end as customer_kind,
        case
            when profiles.source_customer_key is not null then profiles.email_key
            else web_contacts.email_key
        end as email_key,
        profiles.phone_key,
        -- A card nobody is registered for is all that is known of whoever carries it.
        case
            when profiles.source_customer_key is not null then profiles.card_key
            when all_keys.source_system = 'cashmere'
                then replace(all_keys.source_customer_key, 'cashmere:', '')
        end as card_key,
        profiles.first_name_key,
        profiles.last_name_key,
        profiles.birth_date,
        coalesce(profiles.gender, 'unknown') as gender,
        profiles.city,
        profiles.postcode,
        profiles.country,
        profiles.home_store_key,
        profiles.registered_date,
        coalesce(
            profiles.registered_date,
            case when web_contacts.is_guest then web_contacts.first_named_date end
        ) as first_known_date,
        activity.first_order_date,
        coalesce(profiles.profile_updated_at, timestamp '1900-01-01 00:00:00')
            as profile_updated_at,
        coalesce(activity.last_ordered_at, timestamp '1900-01-01 00:00:00') as last_ordered_at
    from all_keys
    left join profiles on all_keys.source_customer_key = profiles.source_customer_key
    left join web_contacts on all_keys.source_customer_key = web_contacts.source_customer_key
    left join activity on all_keys.source_customer_key = activity.source_customer_key
),

final as (
    select
        cast(source_customer_key as {{ dbt.type_string() }}) as source_customer_key,
        cast(source_system as {{ dbt.type_string() }}) as source_system,
        cast(customer_kind as {{ dbt.type_string() }}) as customer_kind,
        cast(email_key as {{ dbt.type_string() }}) as email_key,
        phone_key,
        cast(card_key as {{ dbt.type_string() }}) as card_key,
        first_name_key,
        last_name_key,
        birth_date,
        cast(gender as {{ dbt.type_string() }}) as gender,
        city,
        postcode,
        country,
        home_store_key,
        registered_date,
        cast(
            least(
                coalesce(first_known_date, first_order_date),
                coalesce(first_order_date, first_known_date)
            ) as date
        ) as first_seen_date,
        cast(greatest(profile_updated_at, last_ordered_at) as timestamp) as last_seen_at
    from known
)

select * from final
