with web_orders as (
    select * from {{ ref('stg_magento__sales_order') }}
),

web_items as (
    select * from {{ ref('stg_magento__sales_order_item') }}
),

credit_memos as (
    select * from {{ ref('stg_magento__sales_creditmemo') }}
),

tickets as (
    select * from {{ ref('stg_cashmere__tickets') }}
),

-- Totals are written before cancellation; the lines say what is left.
partly_cancelled as (
    select distinct order_id
    from web_items
    where canceled_quantity > 0
),

-- Each document states its own total; it knows nothing of the lines we kept.
documents as (
    select
        'magento:' || web_orders.order_id as order_key,
        web_orders.subtotal_amount - coalesce(web_orders.discount_amount, 0) as document_amount
    from web_orders
    left join partly_cancelled on web_orders.order_id = partly_cancelled.order_id
    where partly_cancelled.order_id is null
    union all
    select
        'magento:creditmemo:' || creditmemo_id as order_key,
        -1
        * (subtotal_amount - coalesce(discount_amount, 0) + coalesce(adjustment_amount, 0))
            as document_amount
    from credit_memos
    union all
    select
        'cashmere:' || ticket_id as order_key,
        case
            when ticket_type = 'RETURN' then -1 * abs(total_incl_tax_amount)
            else total_incl_tax_amount
        end as document_amount
    from tickets
),

-- Shop totals are stated before tax, till totals with it.
counted as (
    select
        order_key,
        count(*) as line_count,
        sum(net_amount) as lines_amount
    from {{ ref('unified_order_lines__magento') }}
    group by order_key
    union all
    select
        order_key,
        count(*) as line_count,
        sum(net_amount + tax_amount) as lines_amount
    from {{ ref('unified_order_lines__cashmere') }}
    group by order_key
),

final as (
    select
        cast(documents.order_key as {{ dbt.type_string() }}) as order_key,
        cast(counted.line_count as integer) as line_count,
        cast(round(documents.document_amount, 2) as decimal(18, 2)) as document_amount,
        cast(counted.lines_amount as decimal(18, 2)) as lines_amount,
        cast(round(counted.lines_amount - documents.document_amount, 2) as decimal(18, 2))
            as difference_amount,
        abs(counted.lines_amount - documents.document_amount) <= 0.02 as is_total_met
    from documents
    inner join counted on documents.order_key = counted.order_key
)

select * from final
