with cohort_months as (
    select * from {{ ref('int_cohort_months') }}
),

customers as (
    select * from {{ ref('int_cohort_customers') }}
),

customer_months as (
    select * from {{ ref('int_golden_customer_months') }}
),

-- Returns lower the month of the purchase they undo (D8); one that undoes an order from before the
-- first known purchase is counted in the cohort's first month.
revenue as (
    select
        customers.cohort_month,
        greatest(customers.cohort_month, customer_months.order_month) as activity_month,
        sum(customer_months.order_count) as order_count,
        sum(customer_months.net_on_order_date_amount) as net_amount
    from customers
    inner join customer_months on customers.customer_key = customer_months.customer_key
    group by
        customers.cohort_month,
        greatest(customers.cohort_month, customer_months.order_month)
),

combined as (
    select
        cohort_months.*,
        coalesce(revenue.order_count, 0) as order_count,
        coalesce(revenue.net_amount, 0) as net_amount,
        sum(coalesce(revenue.net_amount, 0)) over (
            partition by cohort_months.cohort_month
            order by cohort_months.activity_month
            rows between unbounded preceding and current row
        ) as cumulative_net_amount
    from cohort_months
    left join revenue
        on
            cohort_months.cohort_month = revenue.cohort_month
            and cohort_months.activity_month = revenue.activity_month
),

-- A month that is not over yet is unknown, not zero.
final as (
    select
        cohort_month,
        months_since_first,
        activity_month,
        cohort_customer_count,
        cast(case when is_complete_month then order_count end as bigint) as order_count,
        cast(case when is_complete_month then net_amount end as decimal(18, 2)) as net_amount,
        cast(case when is_complete_month then cumulative_net_amount end as decimal(18, 2))
            as cumulative_net_amount,
        {{ divide_half_up(
            'case when is_complete_month then cumulative_net_amount end', 'cohort_customer_count', 2
        ) }} as cumulative_net_per_customer_amount,
        is_complete_month,
        is_left_censored
    from combined
)

select * from final
