with orders as (
    select * from {{ ref('unified_orders') }}
),

identities as (
    select * from {{ ref('customer_identities') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

ranked as (
    select
        identities.customer_key,
        orders.store_key,
        orders.channel,
        row_number() over (
            partition by identities.customer_key
            order by orders.ordered_at, orders.order_key
        ) as order_number
    from orders
    inner join identities on orders.source_customer_key = identities.source_customer_key
    cross join as_of
    where orders.is_valid_sale and orders.order_date <= as_of.as_of_date
),

final as (
    select
        customer_key,
        store_key as first_store_key,
        channel as first_channel
    from ranked
    where order_number = 1
)

select * from final
