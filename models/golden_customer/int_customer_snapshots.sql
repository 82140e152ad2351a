with customer_months as (
    select * from {{ ref('int_golden_customer_months') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

months as (
    {{ month_spine('as_of', 'first_data_month', 'last_complete_month') }}
),

-- What each customer had done in the window that ends with each month (D1, D3).
windows as (
    select
        customer_months.customer_key,
        months.month_start as snapshot_month,
        sum(customer_months.order_count) as order_count,
        sum(customer_months.net_amount) as net_amount,
        sum(customer_months.return_amount) as return_amount,
        max(customer_months.last_order_date) as last_order_date
    from months
    inner join customer_months
        on
            months.month_start >= customer_months.order_month
            and {{ calendar_months_between('customer_months.order_month', 'months.month_start') }}
            < {{ var('rfm_window_months') or 12000 }}
    group by customer_months.customer_key, months.month_start
),

dated as (
    select
        *,
        {{ last_of_month('snapshot_month') }} as snapshot_date
    from windows
    where order_count > 0
),

final as (
    select
        customer_key,
        snapshot_month,
        snapshot_date,
        {{ snapshot_measures() }}
    from dated
)

select * from final
