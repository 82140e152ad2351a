with orders as (
    select * from {{ ref('stg_magento__sales_order') }}
),

credit_memos as (
    select * from {{ ref('stg_magento__sales_creditmemo') }}
),

memo_totals as (
    select
        order_id,
        sum(grand_total_amount) as memo_amount
    from credit_memos
    where order_id is not null
    group by order_id
),

-- Magento closes an order when all of it was refunded.
compared as (
    select
        orders.order_id,
        orders.refunded_total_amount,
        coalesce(memo_totals.memo_amount, 0) as memo_amount,
        memo_totals.order_id is null as is_without_memo
    from orders
    left join memo_totals on orders.order_id = memo_totals.order_id
    where orders.order_state = 'closed' or orders.refunded_total_amount > 0
),

final as (
    select
        cast('magento:' || order_id as {{ dbt.type_string() }}) as order_key,
        cast(
            case
                when is_without_memo then 'REFUND_WITHOUT_MEMO' else 'REFUND_TOTAL'
            end as {{ dbt.type_string() }}
        ) as difference_kind,
        cast(round(-1 * refunded_total_amount, 2) as decimal(18, 2)) as document_amount,
        cast(round(-1 * memo_amount, 2) as decimal(18, 2)) as memo_amount
    from compared
    where
        is_without_memo
        or (refunded_total_amount > 0 and abs(refunded_total_amount - memo_amount) > 0.02)
)

select * from final
