with items as (
    select * from {{ ref('stg_magento__sales_order_item') }}
    where parent_order_item_id is null
),

orders as (
    select * from {{ ref('stg_magento__sales_order') }}
),

added_up as (
    select
        order_id,
        sum(row_total_amount - coalesce(discount_amount, 0)) as items_amount
    from items
    group by order_id
    having max(file_number) > min(file_number)
),

unequal as (
    select
        orders.order_id,
        orders.subtotal_amount - coalesce(orders.discount_amount, 0) as document_amount
    from added_up
    inner join orders on added_up.order_id = orders.order_id
    where
        abs(
            added_up.items_amount
            - (orders.subtotal_amount - coalesce(orders.discount_amount, 0))
        ) > 0.02
),

-- What the order holds in its newest file, in its newest two, and so on.
read_items as (
    select
        items.order_item_id,
        items.order_id,
        items.file_number,
        unequal.document_amount,
        sum(items.row_total_amount - coalesce(items.discount_amount, 0)) over (
            partition by items.order_id
            order by items.file_number desc
            range between unbounded preceding and current row
        ) as newer_amount
    from items
    inner join unequal on items.order_id = unequal.order_id
),

met as (
    select
        order_id,
        max(file_number) as first_file_number
    from read_items
    where abs(newer_amount - document_amount) <= 0.02
    group by order_id
),

final as (
    select
        read_items.order_item_id,
        read_items.order_id
    from read_items
    inner join met on read_items.order_id = met.order_id
    where read_items.file_number < met.first_file_number
)

select * from final
