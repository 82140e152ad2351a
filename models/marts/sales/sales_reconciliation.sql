with expected as (
    select * from {{ ref('int_expected_sales') }}
),

sales_daily as (
    select * from {{ ref('sales_daily') }}
),

cohort_revenue as (
    select * from {{ ref('cohort_revenue') }}
),

held_orders as (
    select * from {{ ref('held_orders') }}
),

found as (
    select
        'sales_daily.net_amount' as compared_figure,
        sum(net_amount) as found_amount
    from sales_daily
    union all
    select
        'sales_daily.order_count' as compared_figure,
        sum(order_count) as found_amount
    from sales_daily
    union all
    select
        'cohort_revenue.net_amount' as compared_figure,
        sum(net_amount) as found_amount
    from cohort_revenue
    union all
    select
        'held_orders.net_amount' as compared_figure,
        sum(net_amount) as found_amount
    from held_orders
),

final as (
    select
        expected.compared_figure,
        expected.expected_amount,
        cast(coalesce(found.found_amount, 0) as decimal(18, 2)) as found_amount,
        cast(coalesce(found.found_amount, 0) - expected.expected_amount as decimal(18, 2))
            as difference_amount
    from expected
    inner join found on expected.compared_figure = found.compared_figure
)

select * from final
