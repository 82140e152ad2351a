with lines as (
    select * from {{ ref('enriched_order_lines') }}
    where is_valid and not is_after_as_of
),

orders as (
    select * from {{ ref('enriched_orders') }}
    where is_valid_sale and not is_after_as_of
),

sales_daily as (
    select * from {{ ref('sales_daily') }}
),

cohort_revenue as (
    select * from {{ ref('cohort_revenue') }}
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

cohort_months as (
    select golden_months.net_on_order_date_amount as net_amount
    from golden_months
    inner join golden_customers on golden_months.customer_key = golden_customers.customer_key
    cross join as_of
    where
        greatest(golden_months.order_month, golden_customers.cohort_month) <= as_of.last_complete_month
        and golden_customers.cohort_month is not null
),

compared as (
    select
        'sales_daily.net_amount' as compared_figure,
        (select coalesce(sum(lines.net_amount), 0) from lines) as expected_amount,
        (select coalesce(sum(sales_daily.net_amount), 0) from sales_daily) as found_amount
    union all
    select
        'sales_daily.order_count' as compared_figure,
        (select count(*) from orders) as expected_amount,
        (select coalesce(sum(sales_daily.order_count), 0) from sales_daily) as found_amount
    union all
    -- Customers who only ever returned something belong to no cohort; months still open show nothing yet.
    select
        'cohort_revenue.net_amount' as compared_figure,
        (select coalesce(sum(cohort_months.net_amount), 0) from cohort_months) as expected_amount,
        (select coalesce(sum(cohort_revenue.net_amount), 0) from cohort_revenue) as found_amount
),

final as (
    select
        cast(compared_figure as {{ dbt.type_string() }}) as compared_figure,
        cast(expected_amount as decimal(18, 2)) as expected_amount,
        cast(found_amount as decimal(18, 2)) as found_amount,
        cast(found_amount - expected_amount as decimal(18, 2)) as difference_amount
    from compared
)

select * from final
