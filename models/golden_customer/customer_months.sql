{{ config(meta={'indexes': [['source_customer_key', 'order_month']]}) }}
with orders as (
    select * from {{ ref('unified_orders') }}
),

lines as (
    select * from {{ ref('unified_order_lines') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

purchases as (
    select
        orders.source_customer_key,
        orders.order_month,
        count(*) as order_count,
        sum(case when orders.channel = 'web' then 1 else 0 end) as web_order_count,
        sum(case when orders.channel = 'store' then 1 else 0 end) as store_order_count,
        sum(orders.purchased_unit_count) as purchased_unit_count,
        sum(orders.discounted_unit_count) as discounted_unit_count,
        min(orders.order_date) as first_order_date,
        max(orders.order_date) as last_order_date
    from orders
    cross join as_of
    where
        orders.is_valid_sale
        and orders.source_customer_key is not null
        and orders.order_date <= as_of.as_of_date
    group by orders.source_customer_key, orders.order_month
),

known_lines as (
    select lines.*
    from lines
    cross join as_of
    where
        lines.is_valid
        and lines.source_customer_key is not null
        and lines.order_date <= as_of.as_of_date
),

-- Money by the day it moved: what was known at each month end (D3).
moved as (
    select
        source_customer_key,
        order_month,
        sum(case when line_type = 'sale' then gross_amount else 0 end) as gross_amount,
        sum(case when line_type = 'sale' then discount_amount else 0 end) as discount_amount,
        sum(case when line_type <> 'sale' then -1 * net_amount else 0 end) as return_amount,
        sum(net_amount) as net_amount
    from known_lines
    group by source_customer_key, order_month
),

-- Money by the order it belongs to: a return lowers the month of the purchase (D8).
restated as (
    select
        source_customer_key,
        {{ first_of_month('original_order_date') }} as order_month,
        sum(net_amount) as net_on_order_date_amount
    from known_lines
    group by source_customer_key, {{ first_of_month('original_order_date') }}
),

months as (
    select
        source_customer_key,
        order_month
    from purchases
    union
    select
        source_customer_key,
        order_month
    from moved
    union
    select
        source_customer_key,
        order_month
    from restated
),

final as (
    select
        months.source_customer_key,
        months.order_month,
        cast(coalesce(purchases.order_count, 0) as integer) as order_count,
        cast(coalesce(purchases.web_order_count, 0) as integer) as web_order_count,
        cast(coalesce(purchases.store_order_count, 0) as integer) as store_order_count,
        cast(coalesce(purchases.purchased_unit_count, 0) as decimal(18, 4)) as purchased_unit_count,
        cast(coalesce(purchases.discounted_unit_count, 0) as decimal(18, 4))
            as discounted_unit_count,
        cast(coalesce(moved.gross_amount, 0) as decimal(18, 2)) as gross_amount,
        cast(coalesce(moved.discount_amount, 0) as decimal(18, 2)) as discount_amount,
        cast(coalesce(moved.return_amount, 0) as decimal(18, 2)) as return_amount,
        cast(coalesce(moved.net_amount, 0) as decimal(18, 2)) as net_amount,
        cast(coalesce(restated.net_on_order_date_amount, 0) as decimal(18, 2))
            as net_on_order_date_amount,
        cast(purchases.first_order_date as date) as first_order_date,
        cast(purchases.last_order_date as date) as last_order_date
    from months
    left join purchases
        on
            months.source_customer_key = purchases.source_customer_key
            and months.order_month = purchases.order_month
    left join moved
        on
            months.source_customer_key = moved.source_customer_key
            and months.order_month = moved.order_month
    left join restated
        on
            months.source_customer_key = restated.source_customer_key
            and months.order_month = restated.order_month
)

select * from final
