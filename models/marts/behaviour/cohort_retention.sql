with cohort_months as (
    select * from {{ ref('int_cohort_months') }}
),

customers as (
    select * from {{ ref('int_cohort_customers') }}
),

customer_months as (
    select * from {{ ref('int_golden_customer_months') }}
    where order_count > 0
),

activity as (
    select
        customers.cohort_month,
        customer_months.order_month,
        lag(customer_months.order_month) over (
            partition by customers.customer_key
            order by customer_months.order_month
        ) as previous_order_month
    from customers
    inner join customer_months on customers.customer_key = customer_months.customer_key
),

classic as (
    select
        cohort_month,
        order_month,
        count(*) as active_customer_count,
        sum(case when previous_order_month = cohort_month then 1 else 0 end) as first_return_count
    from activity
    group by cohort_month, order_month
),

last_months as (
    select
        cohort_month,
        last_order_month,
        count(*) as customer_count
    from customers
    group by cohort_month, last_order_month
),

-- Rolling: who was still to buy in this month or later.
rolling as (
    select
        cohort_months.cohort_month,
        cohort_months.activity_month,
        sum(last_months.customer_count) as rolling_customer_count
    from cohort_months
    inner join last_months
        on
            cohort_months.cohort_month = last_months.cohort_month
            and cohort_months.activity_month <= last_months.last_order_month
    group by cohort_months.cohort_month, cohort_months.activity_month
),

-- Cumulative: who had come back in some month from the second to this one.
combined as (
    select
        cohort_months.*,
        coalesce(classic.active_customer_count, 0) as active_count,
        coalesce(rolling.rolling_customer_count, 0) as rolling_count,
        coalesce(
            sum(classic.first_return_count) over (
                partition by cohort_months.cohort_month
                order by cohort_months.activity_month
                rows between unbounded preceding and current row
            ), 0
        ) as returned_count
    from cohort_months
    left join classic
        on
            cohort_months.cohort_month = classic.cohort_month
            and cohort_months.activity_month = classic.order_month
    left join rolling
        on
            cohort_months.cohort_month = rolling.cohort_month
            and cohort_months.activity_month = rolling.activity_month
),

-- A month that is not over yet is unknown, not zero.
known as (
    select
        *,
        case when is_complete_month then active_count end as active_customer_count,
        case when is_complete_month then rolling_count end as rolling_customer_count,
        case when is_complete_month then returned_count end as returned_customer_count
    from combined
),

final as (
    select
        cohort_month,
        months_since_first,
        activity_month,
        cohort_customer_count,
        cast(active_customer_count as integer) as active_customer_count,
        cast(rolling_customer_count as integer) as rolling_customer_count,
        cast(returned_customer_count as integer) as returned_customer_count,
        {{ rate('active_customer_count', 'cohort_customer_count') }} as retention_rate,
        {{ rate('rolling_customer_count', 'cohort_customer_count') }} as rolling_retention_rate,
        {{ rate('returned_customer_count', 'cohort_customer_count') }} as cumulative_return_rate,
        is_complete_month,
        is_left_censored
    from known
)

select * from final
