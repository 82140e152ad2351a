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

lines as (
    select * from {{ ref('unified_order_lines') }}
    where currency = '{{ var("reporting_currency") }}'
),

partly_cancelled as (
    select distinct order_id
    from web_items
    where canceled_quantity > 0
),

-- Each document states its own total; it knows nothing of the lines we kept.
documents as (
    select
        'magento' as source_system,
        'order' as document_type,
        'magento:' || web_orders.order_id as order_key,
        web_orders.subtotal_amount - coalesce(web_orders.discount_amount, 0) as stated_amount
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
            as stated_amount
    from credit_memos
    union all
    select
        'cashmere' as source_system,
        case when ticket_type = 'RETURN' then 'return' else 'order' end as document_type,
        'cashmere:' || ticket_id as order_key,
        case
            when ticket_type = 'RETURN' then -1 * abs(total_incl_tax_amount)
            else total_incl_tax_amount
        end as stated_amount
    from tickets
),

-- Shop totals are stated before tax, till totals with it.
counted as (
    select
        order_key,
        min(order_month) as order_month,
        sum(case when source_system = 'cashmere' then net_amount + tax_amount else net_amount end)
            as counted_amount,
        sum(
            case
                when not is_held then 0
                when source_system = 'cashmere' then net_amount + tax_amount
                else net_amount
            end
        ) as held_amount,
        bool_or(is_held) as is_held
    from lines
    group by order_key
),

compared as (
    select
        documents.source_system,
        documents.document_type,
        counted.order_month,
        documents.stated_amount,
        counted.counted_amount,
        counted.held_amount,
        counted.is_held,
        abs(counted.counted_amount - documents.stated_amount) > 0.02 as is_different
    from documents
    inner join counted on documents.order_key = counted.order_key
),

final as (
    select
        cast(source_system as {{ dbt.type_string() }}) as source_system,
        cast(document_type as {{ dbt.type_string() }}) as document_type,
        order_month,
        cast(count(*) as bigint) as document_count,
        cast(sum(case when is_different then 1 else 0 end) as bigint) as different_document_count,
        {{ rate('sum(case when is_different then 1 else 0 end)', 'count(*)') }}
            as different_document_rate,
        cast(sum(case when is_held then 1 else 0 end) as bigint) as held_document_count,
        cast(sum(stated_amount) as decimal(18, 2)) as stated_amount,
        cast(sum(counted_amount) as decimal(18, 2)) as counted_amount,
        cast(sum(held_amount) as decimal(18, 2)) as held_amount,
        cast(
            sum(case when is_different then 0 else counted_amount - stated_amount end) as decimal(
                18, 2
            )
        ) as rounding_amount
    from compared
    group by source_system, document_type, order_month
)

select * from final
