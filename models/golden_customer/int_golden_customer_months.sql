with customer_months as (
    select * from {{ ref('customer_months') }}
),

identities as (
    select * from {{ ref('customer_identities') }}
),

-- The golden key joins in after aggregation, so that a merge or a split restates no lines.
final as (
    select
        identities.customer_key,
        customer_months.order_month,
        cast(sum(customer_months.order_count) as integer) as order_count,
        cast(sum(customer_months.web_order_count) as integer) as web_order_count,
        cast(sum(customer_months.store_order_count) as integer) as store_order_count,
        cast(sum(customer_months.purchased_unit_count) as decimal(18, 4)) as purchased_unit_count,
        cast(sum(customer_months.discounted_unit_count) as decimal(18, 4)) as discounted_unit_count,
        cast(sum(customer_months.gross_amount) as decimal(18, 2)) as gross_amount,
        cast(sum(customer_months.discount_amount) as decimal(18, 2)) as discount_amount,
        cast(sum(customer_months.return_amount) as decimal(18, 2)) as return_amount,
        cast(sum(customer_months.net_amount) as decimal(18, 2)) as net_amount,
        cast(sum(customer_months.net_on_order_date_amount) as decimal(18, 2))
            as net_on_order_date_amount,
        cast(min(customer_months.first_order_date) as date) as first_order_date,
        cast(max(customer_months.last_order_date) as date) as last_order_date
    from customer_months
    inner join identities
        on customer_months.source_customer_key = identities.source_customer_key
    group by identities.customer_key, customer_months.order_month
)

select * from final
