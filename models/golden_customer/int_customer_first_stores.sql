with purchases as (
    select * from {{ ref('int_customer_purchases') }}
),

identities as (
    select * from {{ ref('customer_identities') }}
),

-- The earliest of the first orders of all records of a person.
ranked as (
    select
        identities.customer_key,
        purchases.first_store_key,
        purchases.first_channel,
        row_number() over (
            partition by identities.customer_key
            order by purchases.first_purchase_at, purchases.first_order_key
        ) as order_rank
    from purchases
    inner join identities on purchases.source_customer_key = identities.source_customer_key
),

final as (
    select
        customer_key,
        first_store_key,
        first_channel
    from ranked
    where order_rank = 1
)

select * from final
