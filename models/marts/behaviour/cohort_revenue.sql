with customer_months as (
    select * from {{ ref('int_golden_customer_months') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

months as (
    {{ month_spine('as_of', 'first_data_month', 'as_of_date') }}
),

customers as (
    select
        customer_key,
        min(order_month) as cohort_month
    from customer_months
    where order_count > 0
    group by customer_key
),

cohorts as (
    select
        cohort_month,
        count(*) as cohort_customer_count
    from customers
    group by cohort_month
),

-- Returns lower the month of the purchase they undo (D8); one that undoes an order from before the
-- first known purchase is counted in the cohort's first month.
revenue as (
    select
        customers.cohort_month,
        greatest(
            {{ calendar_months_between('customers.cohort_month', 'customer_months.order_month') }}, 0
        ) as months_since_first,
        sum(customer_months.order_count) as order_count,
        sum(customer_months.net_on_order_date_amount) as net_amount
    from customers
    inner join customer_months on customers.customer_key = customer_months.customer_key
    group by
        customers.cohort_month,
        greatest({{ calendar_months_between('customers.cohort_month', 'customer_months.order_month') }}, 0)
),

grid as (
    select
        cohorts.cohort_month,
        cohorts.cohort_customer_count,
        months.month_start as activity_month,
        {{ calendar_months_between('cohorts.cohort_month', 'months.month_start') }} as months_since_first
    from cohorts
    inner join months on cohorts.cohort_month <= months.month_start
),

combined as (
    select
        grid.*,
        coalesce(revenue.order_count, 0) as order_count,
        coalesce(revenue.net_amount, 0) as net_amount,
        sum(coalesce(revenue.net_amount, 0)) over (
            partition by grid.cohort_month
            order by grid.months_since_first
            rows between unbounded preceding and current row
        ) as cumulative_net_amount,
        grid.activity_month <= as_of.last_complete_month as is_complete_month,
        {{ calendar_months_between('as_of.first_data_month', 'grid.cohort_month') }}
        < {{ var('left_censored_months') }} as is_left_censored
    from grid
    cross join as_of
    left join revenue
        on
            grid.cohort_month = revenue.cohort_month
            and grid.months_since_first = revenue.months_since_first
),

final as (
    select
        cohort_month,
        months_since_first,
        activity_month,
        cast(cohort_customer_count as integer) as cohort_customer_count,
        cast(case when is_complete_month then order_count end as bigint) as order_count,
        cast(case when is_complete_month then net_amount end as decimal(18, 2)) as net_amount,
        cast(case when is_complete_month then cumulative_net_amount end as decimal(18, 2))
            as cumulative_net_amount,
        cast(
            case
                when is_complete_month
                    then {{ divide_half_up('cumulative_net_amount', 'cohort_customer_count', 2) }}
            end as decimal(18, 2)
        ) as cumulative_net_per_customer_amount,
        is_complete_month,
        is_left_censored
    from combined
)

select * from final
