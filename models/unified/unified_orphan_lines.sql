with items as (
    select * from {{ ref('stg_magento__sales_order_item') }}
),

orders as (
    select * from {{ ref('stg_magento__sales_order') }}
),

credit_memo_items as (
    select * from {{ ref('stg_magento__sales_creditmemo_item') }}
),

credit_memos as (
    select * from {{ ref('stg_magento__sales_creditmemo') }}
),

ticket_lines as (
    select * from {{ ref('stg_cashmere__ticket_lines') }}
),

tickets as (
    select * from {{ ref('stg_cashmere__tickets') }}
),

orphans as (
    select
        'magento' as source_system,
        'sales_order_item' as entity,
        items.order_item_id as source_line_id,
        items.order_id as missing_document_id,
        items.row_total_amount - coalesce(items.discount_amount, 0) as line_amount
    from items
    left join orders on items.order_id = orders.order_id
    where orders.order_id is null
    union all
    -- A component whose top row has not come: price and quantity are still on their way.
    select
        'magento' as source_system,
        'sales_order_item' as entity,
        components.order_item_id as source_line_id,
        components.parent_order_item_id as missing_document_id,
        components.row_total_amount - coalesce(components.discount_amount, 0) as line_amount
    from items as components
    inner join orders on components.order_id = orders.order_id
    left join items as parents on components.parent_order_item_id = parents.order_item_id
    where components.parent_order_item_id is not null and parents.order_item_id is null
    union all
    select
        'magento' as source_system,
        'sales_creditmemo_item' as entity,
        credit_memo_items.creditmemo_item_id as source_line_id,
        credit_memo_items.creditmemo_id as missing_document_id,
        credit_memo_items.row_total_amount
        - coalesce(credit_memo_items.discount_amount, 0) as line_amount
    from credit_memo_items
    left join credit_memos on credit_memo_items.creditmemo_id = credit_memos.creditmemo_id
    where credit_memos.creditmemo_id is null
    union all
    select
        'cashmere' as source_system,
        'ticket_lines' as entity,
        ticket_lines.ticket_id || ':' || cast(ticket_lines.line_number as {{ dbt.type_string() }})
            as source_line_id,
        ticket_lines.ticket_id as missing_document_id,
        ticket_lines.line_incl_tax_amount as line_amount
    from ticket_lines
    left join tickets on ticket_lines.ticket_id = tickets.ticket_id
    where tickets.ticket_id is null
),

final as (
    select
        cast(source_system as {{ dbt.type_string() }}) as source_system,
        cast(entity as {{ dbt.type_string() }}) as entity,
        cast(source_line_id as {{ dbt.type_string() }}) as source_line_id,
        cast(missing_document_id as {{ dbt.type_string() }}) as missing_document_id,
        cast(line_amount as decimal(18, 4)) as line_amount
    from orphans
)

select * from final
