-- What:  a line that an export brought and that is neither an order line, nor a child row of a configurable or bundle
--        product, nor parked as an orphan, nor a free twin of a priced row in a memo without order items, nor named,
--        with its reason, among the lines that do not count.
-- Why:   a join that drops lines lowers sales in silence.
-- When rows come back: look the line up in staging, then see which join of the unified lines it falls out of.
with received as (
    select
        'magento:' || items.order_item_id as order_line_key,
        'sales_order_item' as entity,
        items.order_item_id as source_line_id
    from {{ ref('stg_magento__sales_order_item') }} as items
    where items.parent_order_item_id is null
    union all
    select
        'magento:creditmemo_item:' || memo_items.creditmemo_item_id as order_line_key,
        'sales_creditmemo_item' as entity,
        memo_items.creditmemo_item_id as source_line_id
    from {{ ref('stg_magento__sales_creditmemo_item') }} as memo_items
    left join {{ ref('stg_magento__sales_order_item') }} as items
        on memo_items.order_item_id = items.order_item_id
    where
        items.parent_order_item_id is null
        and (items.order_item_id is not null or coalesce(memo_items.row_total_amount, 1) <> 0)
    union all
    select
        'cashmere:' || ticket_id || ':' || cast(line_number as {{ dbt.type_string() }}) as order_line_key,
        'ticket_lines' as entity,
        ticket_id || ':' || cast(line_number as {{ dbt.type_string() }}) as source_line_id
    from {{ ref('stg_cashmere__ticket_lines') }}
)

select received.*
from received
left join {{ ref('unified_order_lines') }} as lines on received.order_line_key = lines.order_line_key
left join {{ ref('unified_orphan_lines') }} as orphans
    on received.entity = orphans.entity and received.source_line_id = orphans.source_line_id
left join (
    select distinct 'cashmere:' || ticket_id || ':' || cast(line_number as {{ dbt.type_string() }}) as order_line_key
    from {{ ref('unified_uncounted_lines') }}
    union all
    select 'magento:' || order_item_id as order_line_key
    from {{ ref('unified_dropped_web_items') }}
) as uncounted
    on received.order_line_key = uncounted.order_line_key
where lines.order_line_key is null and orphans.source_line_id is null and uncounted.order_line_key is null
