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

stated as (
    select
        'magento' as source_system,
        'order' as document_type,
        'magento:' || web_orders.order_id as order_key,
        web_orders.subtotal_amount - coalesce(web_orders.discount_amount, 0) as document_amount
    from web_orders
    left join partly_cancelled on web_orders.order_id = partly_cancelled.order_id
    where partly_cancelled.order_id is null
    union all
    select
        'magento' as source_system,
        'return' as document_type,
        'magento:creditmemo:' || creditmemo_id as order_key,
        -1
        * (subtotal_amount - coalesce(discount_amount, 0) + coalesce(adjustment_amount, 0))
            as document_amount
    from credit_memos
    union all
    select
        'cashmere' as source_system,
        case when ticket_type = 'RETURN' then 'return' else 'order' end as document_type,
        'cashmere:' || ticket_id as order_key,
        case
            when ticket_type = 'RETURN' then -1 * abs(total_incl_tax_amount)
            else total_incl_tax_amount
        end as document_amount
    from tickets
),

final as (
    select
        cast(source_system as {{ dbt.type_string() }}) as source_system,
        cast(document_type as {{ dbt.type_string() }}) as document_type,
        cast(order_key as {{ dbt.type_string() }}) as order_key,
        cast(document_amount as decimal(18, 4)) as document_amount
    from stated
)

select * from final
