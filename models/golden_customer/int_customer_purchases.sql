with orders as (
    select * from {{ ref('unified_orders') }}
    where is_valid_sale and source_customer_key is not null
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
        {{ add_months('as_of_date', "-" ~ var('multi_channel_window_months')) }}
            as channel_window_start,
        {{ add_months('as_of_date', "-" ~ var('repeat_window_months')) }} as repeat_window_start
    from as_of
),

placed as (
    select
        orders.*,
        orders.order_date > dates.year_1_start as is_in_year_1,
        orders.order_date > dates.year_2_start
        and orders.order_date <= dates.year_1_start as is_in_year_2,
        orders.order_date > dates.channel_window_start as is_in_channel_window,
        orders.order_date > dates.repeat_window_start as is_in_repeat_window,
        row_number() over (
            partition by orders.source_customer_key
            order by orders.ordered_at, orders.order_key
        ) as order_rank
    from orders
    cross join dates
    where orders.order_date <= dates.as_of_date
),

final as (
    select
        source_customer_key,
        cast(max(case when order_rank = 1 then order_key end) as {{ dbt.type_string() }})
            as first_order_key,
        cast(max(case when order_rank = 1 then store_key end) as {{ dbt.type_string() }})
            as first_store_key,
        cast(max(case when order_rank = 1 then channel end) as {{ dbt.type_string() }})
            as first_channel,
        cast(count(*) as integer) as order_count,
        cast(sum(case when is_in_year_1 then 1 else 0 end) as integer) as order_year_1_count,
        cast(sum(case when is_in_year_2 then 1 else 0 end) as integer) as order_year_2_count,
        cast(
            count(distinct case when is_in_repeat_window then {{ var('repeat_counted_by') }} end)
            as integer
        ) as repeat_window_order_count,
        cast(sum(purchased_unit_count) as decimal(18, 4)) as purchased_unit_count,
        cast(sum(discounted_unit_count) as decimal(18, 4)) as discounted_unit_count,
        bool_or(channel = 'web') as has_bought_on_web,
        bool_or(channel = 'store') as has_bought_in_store,
        bool_or(channel = 'web' and is_in_channel_window) as has_recent_web_order,
        bool_or(channel = 'store' and is_in_channel_window) as has_recent_store_order,
        cast(min(order_date) as date) as first_order_date,
        cast(max(order_date) as date) as last_order_date,
        cast(min(ordered_at) as timestamp) as first_purchase_at,
        cast(max(ordered_at) as timestamp) as last_purchase_at
    from placed
    group by source_customer_key
)

select * from final
