with all_lines as (
    select * from {{ ref('enriched_order_lines') }}
),

lines as (
    select * from all_lines
    where is_valid and not is_after_as_of
),

orders as (
    select * from {{ ref('enriched_orders') }}
    where is_valid_sale and not is_after_as_of
),

golden_customers as (
    select * from {{ ref('golden_customers') }}
),

golden_months as (
    select * from {{ ref('int_golden_customer_months') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Customers who only ever returned something belong to no cohort; months still open show nothing
-- yet.
cohort_months as (
    select golden_months.net_on_order_date_amount
    from golden_months
    inner join golden_customers on golden_months.customer_key = golden_customers.customer_key
    cross join as_of
    where
        golden_customers.cohort_month is not null
        and greatest(golden_months.order_month, golden_customers.cohort_month)
        <= as_of.last_complete_month
),

expected as (
    select
        'sales_daily.net_amount' as compared_figure,
        sum(net_amount) as expected_amount
    from lines
    union all
    select
        'sales_daily.order_count' as compared_figure,
        count(*) as expected_amount
    from orders
    union all
    select
        'cohort_revenue.net_amount' as compared_figure,
        sum(net_on_order_date_amount) as expected_amount
    from cohort_months
    union all
    select
        'held_orders.net_amount' as compared_figure,
        sum(case when is_held then net_amount else 0 end) as expected_amount
    from all_lines
),

final as (
    select
        cast(compared_figure as {{ dbt.type_string() }}) as compared_figure,
        cast(coalesce(expected_amount, 0) as decimal(18, 2)) as expected_amount
    from expected
)

select * from final
