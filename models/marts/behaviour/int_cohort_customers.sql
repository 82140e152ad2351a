with customer_months as (
    select * from {{ ref('int_golden_customer_months') }}
    where order_count > 0
),

-- A customer joins the cohort of the month of the first valid order, in any channel (D21).
final as (
    select
        customer_key,
        cast(min(order_month) as date) as cohort_month,
        cast(max(order_month) as date) as last_order_month
    from customer_months
    group by customer_key
)

select * from final
