with orders as (
    select * from {{ ref('unified_orders') }}
),

lines as (
    select * from {{ ref('unified_order_lines') }}
),

stores as (
    select * from {{ ref('unified_stores') }}
),

products as (
    select * from {{ ref('unified_products') }}
),

-- Sales keep what no export describes: the order counts, under a store that has only its key.
orders_of_unknown_stores as (
    select
        'UNKNOWN_STORE' as warning_code,
        orders.source_system || ' orders' as subject,
        orders.order_key as example_key
    from orders
    left join stores on orders.store_key = stores.store_key
    where coalesce(stores.is_inferred, true)
),

lines_of_unknown_products as (
    select
        'UNKNOWN_PRODUCT' as warning_code,
        lines.source_system || ' order lines' as subject,
        lines.order_line_key as example_key
    from lines
    inner join products on lines.product_key = products.product_key
    where products.is_inferred
),

-- A status that no row of order_status_map names is no sale (D6).
orders_of_unknown_status as (
    select
        'UNKNOWN_STATUS' as warning_code,
        source_system || ' orders' as subject,
        order_key as example_key
    from orders
    where order_status = 'unknown'
),

warned as (
    select * from orders_of_unknown_stores
    union all
    select * from lines_of_unknown_products
    union all
    select * from orders_of_unknown_status
),

final as (
    {{ counted_warnings('warned') }}
)

select * from final
