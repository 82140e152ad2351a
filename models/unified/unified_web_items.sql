with items as (
    select * from {{ ref('stg_magento__sales_order_item') }}
),

dropped_items as (
    select * from {{ ref('unified_dropped_web_items') }}
),

-- What was bought is named by the child row of a configurable product; a bundle has several and
-- keeps its own name.
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
final as (
    select
        items.order_item_id,
        items.order_id,
        cast(coalesce(only_children.sku, items.sku) as {{ dbt.type_string() }}) as sku,
        items.ordered_quantity,
        cast(
            greatest(items.ordered_quantity - coalesce(items.canceled_quantity, 0), 0)
            as decimal(18, 4)
        ) as kept_quantity,
        items.row_total_amount,
        cast(items.row_total_amount - coalesce(items.discount_amount, 0) as decimal(18, 4))
            as discounted_total_amount,
        cast(coalesce(items.tax_amount, 0) as decimal(18, 4)) as tax_amount
    from items
    left join only_children on items.order_item_id = only_children.order_item_id
    left join dropped_items on items.order_item_id = dropped_items.order_item_id
    where items.parent_order_item_id is null and dropped_items.order_item_id is null
)

select * from final
