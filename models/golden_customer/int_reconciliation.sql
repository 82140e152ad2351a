with orders as (
    select * from {{ ref('unified_orders') }}
),

lines as (
    select * from {{ ref('unified_order_lines') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

golden_customers as (
    select * from {{ ref('golden_customers') }}
),

golden_months as (
    select * from {{ ref('int_golden_customer_months') }}
),

expected_orders as (
    select count(*) as order_count
    from orders
    cross join as_of
    where
        orders.is_valid_sale
        and orders.source_customer_key is not null
        and orders.order_date <= as_of.as_of_date
),

expected_money as (
    select coalesce(sum(lines.net_amount), 0) as net_amount
    from lines
    cross join as_of
    where
        lines.is_valid
        and lines.source_customer_key is not null
        and lines.order_date <= as_of.as_of_date
),

found_customers as (
    select
        coalesce(sum(order_count), 0) as order_count,
        coalesce(sum(ltv_net_amount), 0) as net_amount
    from golden_customers
),

found_months as (
    select
        coalesce(sum(order_count), 0) as order_count,
        coalesce(sum(net_amount), 0) as net_amount,
        coalesce(sum(net_on_order_date_amount), 0) as net_on_order_date_amount
    from golden_months
),

compared as (
    select
        'golden_customers' as compared_table,
        expected_orders.order_count as expected_order_count,
        found_customers.order_count as found_order_count,
        expected_money.net_amount as expected_net_amount,
        found_customers.net_amount as found_net_amount
    from expected_orders
    cross join expected_money
    cross join found_customers
    union all
    select
        'customer_months' as compared_table,
        expected_orders.order_count as expected_order_count,
        found_months.order_count as found_order_count,
        expected_money.net_amount as expected_net_amount,
        found_months.net_amount as found_net_amount
    from expected_orders
    cross join expected_money
    cross join found_months
    union all
    select
        'customer_months by order date' as compared_table,
        expected_orders.order_count as expected_order_count,
        found_months.order_count as found_order_count,
        expected_money.net_amount as expected_net_amount,
        found_months.net_on_order_date_amount as found_net_amount
    from expected_orders
    cross join expected_money
    cross join found_months
),

final as (
    select
        cast(compared_table as {{ dbt.type_string() }}) as compared_table,
        cast(expected_order_count as bigint) as expected_order_count,
        cast(found_order_count as bigint) as found_order_count,
        cast(found_order_count - expected_order_count as bigint) as difference_order_count,
        cast(expected_net_amount as decimal(18, 2)) as expected_net_amount,
        cast(found_net_amount as decimal(18, 2)) as found_net_amount,
        cast(found_net_amount - expected_net_amount as decimal(18, 2)) as difference_net_amount
    from compared
)

select * from final
