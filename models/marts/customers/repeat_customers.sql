with customer_months as (
    select * from {{ ref('int_golden_customer_months') }}
),

snapshots as (
    select * from {{ ref('int_customer_snapshots') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

months as (
    {{ month_spine('as_of', 'first_data_month', 'as_of_date') }}
),

running as (
    select
        customer_key,
        order_month,
        order_count,
        net_amount,
        sum(order_count) over (
            partition by customer_key
            order by order_month
            rows between unbounded preceding and current row
        ) as orders_to_date
    from customer_months
),

-- Buyers of the month, and those of them with two or more orders by then (D17).
buyers as (
    select
        order_month,
        count(*) as buyer_count,
        sum(case when orders_to_date >= 2 then 1 else 0 end) as repeat_buyer_count,
        sum(case when order_count >= 2 then 1 else 0 end) as repeat_within_month_count,
        sum(net_amount) as net_amount,
        sum(case when orders_to_date >= 2 then net_amount else 0 end) as repeat_net_amount
    from running
    where order_count > 0
    group by order_month
),

firsts as (
    select
        customer_key,
        min(order_month) as first_month,
        min(case when orders_to_date >= 2 then order_month end) as second_order_month
    from running
    where orders_to_date > 0
    group by customer_key
),

base as (
    select
        months.month_start,
        count(*) as base_customer_count,
        sum(case when firsts.second_order_month <= months.month_start then 1 else 0 end)
            as base_repeat_customer_count
    from months
    inner join firsts on months.month_start >= firsts.first_month
    group by months.month_start
),

-- The same over the window that the base dashboards look at, usually a year.
windows as (
    select
        snapshot_month,
        count(*) as window_customer_count,
        sum(case when order_count >= 2 then 1 else 0 end) as window_repeat_customer_count,
        sum(net_amount) as window_net_amount,
        sum(case when order_count >= 2 then net_amount else 0 end) as window_repeat_net_amount
    from snapshots
    group by snapshot_month
),

final as (
    select
        months.month_start as order_month,
        months.month_start <= as_of.last_complete_month as is_complete_month,
        cast(coalesce(base.base_customer_count, 0) as integer) as base_customer_count,
        cast(coalesce(base.base_repeat_customer_count, 0) as integer) as base_repeat_customer_count,
        cast(coalesce(buyers.buyer_count, 0) as integer) as buyer_count,
        cast(coalesce(buyers.repeat_buyer_count, 0) as integer) as repeat_buyer_count,
        cast(coalesce(buyers.repeat_within_month_count, 0) as integer) as repeat_within_month_count,
        {{ rate('buyers.repeat_buyer_count', 'buyers.buyer_count') }}
            as repeat_share_of_buyers_rate,
        {{ rate('base.base_repeat_customer_count', 'base.base_customer_count') }}
            as repeat_share_of_base_rate,
        {{ rate('buyers.repeat_within_month_count', 'buyers.buyer_count') }}
            as repeat_within_month_rate,
        cast(coalesce(buyers.net_amount, 0) as decimal(18, 2)) as net_amount,
        cast(coalesce(buyers.repeat_net_amount, 0) as decimal(18, 2)) as repeat_net_amount,
        {{ rate('buyers.repeat_net_amount', 'buyers.net_amount') }} as repeat_net_rate,
        cast(windows.window_customer_count as integer) as window_customer_count,
        cast(windows.window_repeat_customer_count as integer) as window_repeat_customer_count,
        {{ rate('windows.window_repeat_customer_count', 'windows.window_customer_count') }}
            as window_repeat_customer_rate,
        cast(windows.window_net_amount as decimal(18, 2)) as window_net_amount,
        cast(windows.window_repeat_net_amount as decimal(18, 2)) as window_repeat_net_amount,
        {{ rate('windows.window_repeat_net_amount', 'windows.window_net_amount') }}
            as window_repeat_net_rate
    from months
    cross join as_of
    left join base on months.month_start = base.month_start
    left join buyers on months.month_start = buyers.order_month
    left join windows on months.month_start = windows.snapshot_month
)

select * from final
