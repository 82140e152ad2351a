with items as (
    select * from {{ ref('unified_web_items') }}
),

refund_lines as (
    select * from {{ ref('unified_web_refund_lines') }}
),

-- A partly cancelled line keeps its share of the money.
lines as (
    select
        'magento:' || order_item_id as order_line_key,
        'magento:' || order_id as order_key,
        null as original_order_key,
        null as original_order_line_key,
        sku,
        'sale' as line_type,
        kept_quantity as quantity,
        {{ divide_half_up(product_of('row_total_amount', 'kept_quantity'), 'ordered_quantity', 2) }}
            as gross_amount,
        {{ divide_half_up(
            product_of('discounted_total_amount', 'kept_quantity'), 'ordered_quantity', 2
        ) }}
            as net_amount,
        {{ divide_half_up(product_of('tax_amount', 'kept_quantity'), 'ordered_quantity', 2) }}
            as tax_amount
    from items
    union all
    select
        refund_lines.order_line_key,
        'magento:creditmemo:' || refund_lines.creditmemo_id as order_key,
        'magento:' || refund_lines.order_id as original_order_key,
        'magento:' || refund_lines.order_item_id as original_order_line_key,
        coalesce(items.sku, refund_lines.sku) as sku,
        refund_lines.line_type,
        refund_lines.quantity,
        refund_lines.gross_amount,
        refund_lines.net_amount,
        refund_lines.tax_amount
    from refund_lines
    left join items on refund_lines.order_item_id = items.order_item_id
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
    from lines
)

select * from final
