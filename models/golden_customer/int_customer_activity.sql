with orders as (
    select * from {{ ref('unified_orders') }}
),

lines as (
    select * from {{ ref('unified_order_lines') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- The windows that the figures of a golden customer look back on.
dates as (
    select
        as_of_date,
        {{ add_months('as_of_date', -12) }} as year_1_start,
        {{ add_months('as_of_date', -24) }} as year_2_start,
        {{ add_months('as_of_date', "-" ~ var('multi_channel_window_months')) }} as channel_window_start,
        {{ add_months('as_of_date', "-" ~ var('repeat_window_months')) }} as repeat_window_start,
        cast(extract(year from as_of_date) as integer) as calendar_year
    from as_of
),

purchases as (
    select
        orders.source_customer_key,
        count(*) as order_count,
        sum(orders.purchased_unit_count) as purchased_unit_count,
        sum(orders.discounted_unit_count) as discounted_unit_count,
        sum(case when orders.order_date > dates.year_1_start then 1 else 0 end) as order_year_1_count,
        sum(
            case
                when orders.order_date > dates.year_2_start and orders.order_date <= dates.year_1_start
                    then 1
                else 0
            end
        ) as order_year_2_count,
        count(
            distinct case
                when orders.order_date > dates.repeat_window_start then orders.{{ var('repeat_counted_by') }}
            end
        ) as repeat_window_order_count,
        bool_or(orders.channel = 'web') as has_bought_on_web,
        bool_or(orders.channel = 'store') as has_bought_in_store,
        bool_or(
            orders.channel = 'web' and orders.order_date > dates.channel_window_start
        ) as has_recent_web_order,
        bool_or(
            orders.channel = 'store' and orders.order_date > dates.channel_window_start
        ) as has_recent_store_order,
        min(orders.order_date) as first_order_date,
        max(orders.order_date) as last_order_date,
        min(orders.ordered_at) as first_purchase_at,
        max(orders.ordered_at) as last_purchase_at
    from orders
    cross join dates
    where
        orders.is_valid_sale
        and orders.source_customer_key is not null
        and orders.order_date <= dates.as_of_date
    group by orders.source_customer_key
),

-- Returns lower the figures of the period of their purchase (D8).
money as (
    select
        lines.source_customer_key,
        sum(case when lines.line_type = 'sale' then lines.gross_amount else 0 end) as gross_amount,
        sum(case when lines.line_type = 'sale' then lines.discount_amount else 0 end) as discount_amount,
        sum(case when lines.line_type <> 'sale' then -1 * lines.net_amount else 0 end) as return_amount,
        sum(case when lines.line_type = 'return' then -1 * lines.quantity else 0 end) as returned_unit_count,
        sum(lines.net_amount) as net_amount,
        sum(
            case when lines.original_order_date > dates.year_1_start then lines.net_amount else 0 end
        ) as net_year_1_amount,
        sum(
            case
                when
                    lines.original_order_date > dates.year_2_start
                    and lines.original_order_date <= dates.year_1_start
                    then lines.net_amount
                else 0
            end
        ) as net_year_2_amount,
        sum(
            case
                when extract(year from lines.original_order_date) = dates.calendar_year - 1
                    then lines.net_amount
                else 0
            end
        ) as net_calendar_year_1_amount,
        sum(
            case
                when extract(year from lines.original_order_date) = dates.calendar_year - 2
                    then lines.net_amount
                else 0
            end
        ) as net_calendar_year_2_amount
    from lines
    cross join dates
    where
        lines.is_valid
        and lines.source_customer_key is not null
        and lines.order_date <= dates.as_of_date
    group by lines.source_customer_key
),

active_keys as (
    select source_customer_key from purchases
    union
    select source_customer_key from money
),

final as (
    select
        active_keys.source_customer_key,
        cast(coalesce(purchases.order_count, 0) as integer) as order_count,
        cast(coalesce(purchases.order_year_1_count, 0) as integer) as order_year_1_count,
        cast(coalesce(purchases.order_year_2_count, 0) as integer) as order_year_2_count,
        cast(coalesce(purchases.repeat_window_order_count, 0) as integer) as repeat_window_order_count,
        cast(coalesce(purchases.purchased_unit_count, 0) as decimal(18, 4)) as purchased_unit_count,
        cast(coalesce(purchases.discounted_unit_count, 0) as decimal(18, 4)) as discounted_unit_count,
        cast(coalesce(money.returned_unit_count, 0) as decimal(18, 4)) as returned_unit_count,
        cast(coalesce(money.gross_amount, 0) as decimal(18, 2)) as gross_amount,
        cast(coalesce(money.discount_amount, 0) as decimal(18, 2)) as discount_amount,
        cast(coalesce(money.return_amount, 0) as decimal(18, 2)) as return_amount,
        cast(coalesce(money.net_amount, 0) as decimal(18, 2)) as net_amount,
        cast(coalesce(money.net_year_1_amount, 0) as decimal(18, 2)) as net_year_1_amount,
        cast(coalesce(money.net_year_2_amount, 0) as decimal(18, 2)) as net_year_2_amount,
        cast(coalesce(money.net_calendar_year_1_amount, 0) as decimal(18, 2)) as net_calendar_year_1_amount,
        cast(coalesce(money.net_calendar_year_2_amount, 0) as decimal(18, 2)) as net_calendar_year_2_amount,
        coalesce(purchases.has_bought_on_web, false) as has_bought_on_web,
        coalesce(purchases.has_bought_in_store, false) as has_bought_in_store,
        coalesce(purchases.has_recent_web_order, false) as has_recent_web_order,
        coalesce(purchases.has_recent_store_order, false) as has_recent_store_order,
        cast(purchases.first_order_date as date) as first_order_date,
        cast(purchases.last_order_date as date) as last_order_date,
        cast(purchases.first_purchase_at as timestamp) as first_purchase_at,
        cast(purchases.last_purchase_at as timestamp) as last_purchase_at
    from active_keys
    left join purchases on active_keys.source_customer_key = purchases.source_customer_key
    left join money on active_keys.source_customer_key = money.source_customer_key
)

select * from final
