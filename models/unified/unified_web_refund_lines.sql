with credit_memos as (
    select * from {{ ref('stg_magento__sales_creditmemo') }}
),

credit_memo_items as (
    select * from {{ ref('stg_magento__sales_creditmemo_item') }}
),

items as (
    select * from {{ ref('stg_magento__sales_order_item') }}
),

-- A memo of migrated history names no order item; its child rows then show only as free twins of a
-- priced row.
memo_rows as (
    select
        credit_memo_items.*,
        credit_memos.order_id,
        items.order_item_id as known_order_item_id,
        items.parent_order_item_id,
        max(abs(credit_memo_items.row_total_amount)) over (
            partition by credit_memo_items.creditmemo_id, credit_memo_items.sku
        ) as twin_amount
    from credit_memo_items
    inner join credit_memos on credit_memo_items.creditmemo_id = credit_memos.creditmemo_id
    left join items on credit_memo_items.order_item_id = items.order_item_id
),

refunds as (
    select
        'magento:creditmemo_item:' || creditmemo_item_id as order_line_key,
        creditmemo_id,
        order_id,
        known_order_item_id as order_item_id,
        sku,
        'return' as line_type,
        -1 * quantity as quantity,
        -1 * row_total_amount as gross_amount,
        -1 * (row_total_amount - coalesce(discount_amount, 0)) as net_amount,
        -1 * coalesce(tax_amount, 0) as tax_amount
    from memo_rows
    where
        parent_order_item_id is null
        and (known_order_item_id is not null or row_total_amount <> 0 or twin_amount = 0)
    union all
    -- Money given back (or kept) beside the goods: a line without a product.
    select
        'magento:creditmemo:' || creditmemo_id || ':adjustment' as order_line_key,
        creditmemo_id,
        order_id,
        null as order_item_id,
        null as sku,
        'adjustment' as line_type,
        0 as quantity,
        -1 * adjustment_amount as gross_amount,
        -1 * adjustment_amount as net_amount,
        0 as tax_amount
    from credit_memos
    where adjustment_amount <> 0
),

final as (
    select
        cast(order_line_key as {{ dbt.type_string() }}) as order_line_key,
        creditmemo_id,
        order_id,
        cast(order_item_id as {{ dbt.type_string() }}) as order_item_id,
        cast(sku as {{ dbt.type_string() }}) as sku,
        cast(line_type as {{ dbt.type_string() }}) as line_type,
        cast(quantity as decimal(18, 4)) as quantity,
        cast(round(gross_amount, 2) as decimal(18, 2)) as gross_amount,
        cast(round(net_amount, 2) as decimal(18, 2)) as net_amount,
        cast(round(tax_amount, 2) as decimal(18, 2)) as tax_amount
    from refunds
)

select * from final
