with customer_months as (
    select * from {{ ref('int_golden_customer_months') }}
    where order_count > 0
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

months as (
    {{ month_spine('as_of', 'first_data_month', 'as_of_date') }}
),

-- A customer joins the cohort of the month of the first valid order, in any channel (D21).
customers as (
    select
        customer_key,
        min(order_month) as cohort_month,
        max(order_month) as last_order_month
    from customer_months
    group by customer_key
),

activity as (
    select
        customers.customer_key,
        customers.cohort_month,
        customers.last_order_month,
        customer_months.order_month,
        {{ calendar_months_between('customers.cohort_month', 'customer_months.order_month') }}
            as months_since_first,
        lag(customer_months.order_month) over (
            partition by customers.customer_key
            order by customer_months.order_month
        ) as previous_order_month
    from customers
    inner join customer_months on customers.customer_key = customer_months.customer_key
),

cohorts as (
    select
        cohort_month,
        count(*) as cohort_customer_count
    from customers
    group by cohort_month
),

-- Every month from a cohort's first to the newest has a row, with or without buyers.
grid as (
    select
        cohorts.cohort_month,
        cohorts.cohort_customer_count,
        months.month_start as activity_month,
        {{ calendar_months_between('cohorts.cohort_month', 'months.month_start') }} as months_since_first
    from cohorts
    inner join months on cohorts.cohort_month <= months.month_start
),

classic as (
    select
        cohort_month,
        months_since_first,
        count(*) as active_customer_count,
        sum(case when previous_order_month = cohort_month then 1 else 0 end) as first_return_count
    from activity
    group by cohort_month, months_since_first
),

-- Rolling: who was still to buy in month k or later.
last_months as (
    select
        cohort_month,
        {{ calendar_months_between('cohort_month', 'last_order_month') }} as last_months_since_first,
        count(*) as customer_count
    from customers
    group by cohort_month, {{ calendar_months_between('cohort_month', 'last_order_month') }}
),

rolling as (
    select
        grid.cohort_month,
        grid.months_since_first,
        sum(last_months.customer_count) as rolling_customer_count
    from grid
    inner join last_months
        on
            grid.cohort_month = last_months.cohort_month
            and grid.months_since_first <= last_months.last_months_since_first
    group by grid.cohort_month, grid.months_since_first
),

-- Cumulative: who had come back in some month from 1 to k.
combined as (
    select
        grid.*,
        coalesce(classic.active_customer_count, 0) as active_customer_count,
        coalesce(rolling.rolling_customer_count, 0) as rolling_customer_count,
        coalesce(
            sum(classic.first_return_count) over (
                partition by grid.cohort_month
                order by grid.months_since_first
                rows between unbounded preceding and current row
            ), 0
        ) as returned_customer_count,
        grid.activity_month <= as_of.last_complete_month as is_complete_month,
        {{ calendar_months_between('as_of.first_data_month', 'grid.cohort_month') }}
        < {{ var('left_censored_months') }} as is_left_censored
    from grid
    cross join as_of
    left join classic
        on
            grid.cohort_month = classic.cohort_month
            and grid.months_since_first = classic.months_since_first
    left join rolling
        on
            grid.cohort_month = rolling.cohort_month
            and grid.months_since_first = rolling.months_since_first
),

-- A month that is not over yet is unknown, not zero.
final as (
    select
        cohort_month,
        months_since_first,
        activity_month,
        cast(cohort_customer_count as integer) as cohort_customer_count,
        cast(case when is_complete_month then active_customer_count end as integer) as active_customer_count,
        cast(case when is_complete_month then rolling_customer_count end as integer)
            as rolling_customer_count,
        cast(case when is_complete_month then returned_customer_count end as integer)
            as returned_customer_count,
        cast(
            case when is_complete_month then {{ rate('active_customer_count', 'cohort_customer_count') }} end
            as decimal(18, 6)
        ) as retention_rate,
        cast(
            case when is_complete_month then {{ rate('rolling_customer_count', 'cohort_customer_count') }} end
            as decimal(18, 6)
        ) as rolling_retention_rate,
        cast(
            case when is_complete_month then {{ rate('returned_customer_count', 'cohort_customer_count') }} end
            as decimal(18, 6)
        ) as cumulative_return_rate,
        is_complete_month,
        is_left_censored
    from combined
)

select * from final
