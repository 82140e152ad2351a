with orders as (
    select * from {{ ref('stg_magento__sales_order') }}
),

subscribers as (
    select * from {{ ref('stg_magento__newsletter_subscriber') }}
),

sightings as (
    select
        customer_id,
        email_key,
        cast(created_at as date) as seen_date
    from orders
    union all
    select
        customer_id,
        email_key,
        cast(status_changed_at as date) as seen_date
    from subscribers
),

-- Guests and newsletter readers have no account and are known by their e-mail alone.
named as (
    select
        case
            when customer_id is not null then 'magento:' || customer_id
            else 'magento:guest:' || email_key
        end as source_customer_key,
        customer_id is null as is_guest,
        email_key,
        seen_date
    from sightings
    where customer_id is not null or email_key is not null
),

final as (
    select
        cast(source_customer_key as {{ dbt.type_string() }}) as source_customer_key,
        cast(max(email_key) as {{ dbt.type_string() }}) as email_key,
        is_guest,
        cast(min(seen_date) as date) as first_named_date
    from named
    group by source_customer_key, is_guest
)

select * from final
