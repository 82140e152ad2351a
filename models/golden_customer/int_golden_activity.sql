with activity as (
    select * from {{ ref('int_customer_activity') }}
),

identities as (
    select * from {{ ref('customer_identities') }}
),

final as (
    select
        identities.customer_key,
        cast(sum(activity.order_count) as integer) as order_count,
        cast(sum(activity.order_year_1_count) as integer) as order_year_1_count,
        cast(sum(activity.order_year_2_count) as integer) as order_year_2_count,
        cast(sum(activity.repeat_window_order_count) as integer) as repeat_window_order_count,
        cast(sum(activity.purchased_unit_count) as decimal(18, 4)) as purchased_unit_count,
        cast(sum(activity.discounted_unit_count) as decimal(18, 4)) as discounted_unit_count,
        cast(sum(activity.returned_unit_count) as decimal(18, 4)) as returned_unit_count,
        cast(sum(activity.gross_amount) as decimal(18, 2)) as gross_amount,
        cast(sum(activity.discount_amount) as decimal(18, 2)) as discount_amount,
        cast(sum(activity.return_amount) as decimal(18, 2)) as return_amount,
        cast(sum(activity.net_amount) as decimal(18, 2)) as net_amount,
        cast(sum(activity.net_year_1_amount) as decimal(18, 2)) as net_year_1_amount,
        cast(sum(activity.net_year_2_amount) as decimal(18, 2)) as net_year_2_amount,
        cast(sum(activity.net_calendar_year_1_amount) as decimal(18, 2)) as net_calendar_year_1_amount,
        cast(sum(activity.net_calendar_year_2_amount) as decimal(18, 2)) as net_calendar_year_2_amount,
        bool_or(activity.has_bought_on_web) as has_bought_on_web,
        bool_or(activity.has_bought_in_store) as has_bought_in_store,
        bool_or(activity.has_recent_web_order) and bool_or(activity.has_recent_store_order)
            as is_multi_channel,
        cast(min(activity.first_order_date) as date) as first_order_date,
        cast(max(activity.last_order_date) as date) as last_order_date,
        cast(min(activity.first_purchase_at) as timestamp) as first_purchase_at,
        cast(max(activity.last_purchase_at) as timestamp) as last_purchase_at
    from activity
    inner join identities on activity.source_customer_key = identities.source_customer_key
    group by identities.customer_key
)

select * from final
