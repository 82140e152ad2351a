with identities as (
    select * from {{ ref('customer_identities') }}
),

purchases as (
    select * from {{ ref('int_customer_purchases') }}
),

money as (
    select * from {{ ref('int_customer_money') }}
),

-- Who only ever returned something has money and no purchase (D9).
final as (
    select
        identities.customer_key,
        cast(coalesce(sum(purchases.order_count), 0) as integer) as order_count,
        cast(coalesce(sum(purchases.order_year_1_count), 0) as integer) as order_year_1_count,
        cast(coalesce(sum(purchases.order_year_2_count), 0) as integer) as order_year_2_count,
        cast(coalesce(sum(purchases.repeat_window_order_count), 0) as integer)
            as repeat_window_order_count,
        cast(coalesce(sum(purchases.purchased_unit_count), 0) as decimal(18, 4))
            as purchased_unit_count,
        cast(coalesce(sum(purchases.discounted_unit_count), 0) as decimal(18, 4))
            as discounted_unit_count,
        cast(coalesce(sum(money.returned_unit_count), 0) as decimal(18, 4)) as returned_unit_count,
        cast(coalesce(sum(money.gross_amount), 0) as decimal(18, 2)) as gross_amount,
        cast(coalesce(sum(money.discount_amount), 0) as decimal(18, 2)) as discount_amount,
        cast(coalesce(sum(money.return_amount), 0) as decimal(18, 2)) as return_amount,
        cast(coalesce(sum(money.net_amount), 0) as decimal(18, 2)) as net_amount,
        cast(coalesce(sum(money.net_year_1_amount), 0) as decimal(18, 2)) as net_year_1_amount,
        cast(coalesce(sum(money.net_year_2_amount), 0) as decimal(18, 2)) as net_year_2_amount,
        cast(coalesce(sum(money.net_calendar_year_1_amount), 0) as decimal(18, 2))
            as net_calendar_year_1_amount,
        cast(coalesce(sum(money.net_calendar_year_2_amount), 0) as decimal(18, 2))
            as net_calendar_year_2_amount,
        coalesce(bool_or(purchases.has_bought_on_web), false) as has_bought_on_web,
        coalesce(bool_or(purchases.has_bought_in_store), false) as has_bought_in_store,
        coalesce(
            bool_or(purchases.has_recent_web_order) and bool_or(purchases.has_recent_store_order),
            false
        ) as is_multi_channel,
        cast(min(purchases.first_order_date) as date) as first_order_date,
        cast(max(purchases.last_order_date) as date) as last_order_date,
        cast(min(purchases.first_purchase_at) as timestamp) as first_purchase_at,
        cast(max(purchases.last_purchase_at) as timestamp) as last_purchase_at
    from identities
    left join purchases on identities.source_customer_key = purchases.source_customer_key
    left join money on identities.source_customer_key = money.source_customer_key
    where purchases.source_customer_key is not null or money.source_customer_key is not null
    group by identities.customer_key
)

select * from final
