with items as (
    select * from {{ ref('stg_magento__sales_order_item') }}
),

credit_memos as (
    select * from {{ ref('stg_magento__sales_creditmemo') }}
),

credit_memo_items as (
    select * from {{ ref('stg_magento__sales_creditmemo_item') }}
),

-- What was bought is named by the child row of a configurable product; a bundle has several and keeps its own name.
only_children as (
    select
        parent_order_item_id as order_item_id,
        max(sku) as sku
    from items
    where parent_order_item_id is not null
    group by parent_order_item_id
    having count(*) = 1
),

-- Price and quantity stand on the top row; child rows are never counted.
purchased as (
    select
        items.*,
        coalesce(only_children.sku, items.sku) as purchased_sku,
        greatest(items.ordered_quantity - coalesce(items.canceled_quantity, 0), 0) as kept_quantity
    from items
    left join only_children on items.order_item_id = only_children.order_item_id
    where items.parent_order_item_id is null
),

sales as (
    select
        'magento:' || order_item_id as order_line_key,
        'magento:' || order_id as order_key,
        null as original_order_key,
        null as original_order_line_key,
        purchased_sku as sku,
        'sale' as line_type,
        kept_quantity as quantity,
        -- A partly cancelled line keeps its share of the money.
        {{ divide_half_up('row_total_amount * kept_quantity', 'ordered_quantity', 2) }} as gross_amount,
        {{ divide_half_up(
            '(row_total_amount - coalesce(discount_amount, 0)) * kept_quantity', 'ordered_quantity', 2
        ) }} as net_amount,
        {{ divide_half_up('coalesce(tax_amount, 0) * kept_quantity', 'ordered_quantity', 2) }} as tax_amount
    from purchased
),

-- A memo of migrated history names no order item; its child rows then show only as free twins of a priced row.
memo_rows as (
    select
        credit_memo_items.*,
        items.order_item_id as known_order_item_id,
        items.parent_order_item_id,
        max(abs(credit_memo_items.row_total_amount)) over (
            partition by credit_memo_items.creditmemo_id, credit_memo_items.sku
        ) as twin_amount
    from credit_memo_items
    left join items on credit_memo_items.order_item_id = items.order_item_id
),

returns as (
    select
        'magento:creditmemo_item:' || memo_rows.creditmemo_item_id as order_line_key,
        'magento:creditmemo:' || memo_rows.creditmemo_id as order_key,
        'magento:' || credit_memos.order_id as original_order_key,
        'magento:' || memo_rows.known_order_item_id as original_order_line_key,
        coalesce(purchased.purchased_sku, memo_rows.sku) as sku,
        'return' as line_type,
        -1 * memo_rows.quantity as quantity,
        -1 * round(memo_rows.row_total_amount, 2) as gross_amount,
        -1 * round(memo_rows.row_total_amount - coalesce(memo_rows.discount_amount, 0), 2) as net_amount,
        -1 * round(coalesce(memo_rows.tax_amount, 0), 2) as tax_amount
    from memo_rows
    inner join credit_memos on memo_rows.creditmemo_id = credit_memos.creditmemo_id
    left join purchased on memo_rows.known_order_item_id = purchased.order_item_id
    where
        memo_rows.parent_order_item_id is null
        and (
            memo_rows.known_order_item_id is not null
            or memo_rows.row_total_amount <> 0
            or memo_rows.twin_amount = 0
        )
),

-- Money given back (or kept) beside the goods: a line without a product.
adjustments as (
    select
        'magento:creditmemo:' || creditmemo_id || ':adjustment' as order_line_key,
        'magento:creditmemo:' || creditmemo_id as order_key,
        'magento:' || order_id as original_order_key,
        null as original_order_line_key,
        null as sku,
        'adjustment' as line_type,
        0 as quantity,
        -1 * round(adjustment_amount, 2) as gross_amount,
        -1 * round(adjustment_amount, 2) as net_amount,
        0 as tax_amount
    from credit_memos
    where adjustment_amount <> 0
),

all_lines as (
    select * from sales
    union all
    select * from returns
    union all
    select * from adjustments
),

final as (
    select
        cast(order_line_key as {{ dbt.type_string() }}) as order_line_key,
        cast(order_key as {{ dbt.type_string() }}) as order_key,
        cast(original_order_key as {{ dbt.type_string() }}) as original_order_key,
        cast(original_order_line_key as {{ dbt.type_string() }}) as original_order_line_key,
        cast('magento' as {{ dbt.type_string() }}) as source_system,
        cast(sku as {{ dbt.type_string() }}) as sku,
        cast(line_type as {{ dbt.type_string() }}) as line_type,
        cast(null as {{ dbt.type_string() }}) as promo_code,
        cast(quantity as decimal(18, 4)) as quantity,
        cast(coalesce(gross_amount, 0) as decimal(18, 2)) as gross_amount,
        cast(coalesce(net_amount, 0) as decimal(18, 2)) as net_amount,
        cast(coalesce(tax_amount, 0) as decimal(18, 2)) as tax_amount
    from all_lines
)

select * from final
