with orders as (
    select * from {{ ref('stg_magento__sales_order') }}
),

status_map as (
    select * from {{ ref('order_status_map') }}
    where source_system = 'magento'
),

-- A status such as fraud outranks the state; a state nobody mapped is unknown and no sale (D6).
final as (
    select
        orders.order_id,
        orders.order_number,
        orders.store_id,
        orders.customer_id,
        orders.email_key,
        cast(
            coalesce(by_status.order_status, by_state.order_status, 'unknown')
            as {{ dbt.type_string() }}
        ) as order_status,
        orders.coupon_code,
        orders.base_currency as currency,
        cast(
            coalesce(orders.shipping_country, orders.billing_country) as {{ dbt.type_string() }}
        ) as country,
        orders.shipping_city as city,
        orders.shipping_amount,
        coalesce(by_status.is_valid_sale, by_state.is_valid_sale, false) as is_valid,
        orders.created_at as ordered_at
    from orders
    left join status_map as by_state
        on orders.order_state = by_state.source_state and by_state.source_status = '*'
    left join status_map as by_status
        on orders.order_status = by_status.source_status and by_status.source_state = '*'
)

select * from final
