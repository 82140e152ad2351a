with versions_received as (
    select * from {{ source('magento', 'sales_order_item') }}
),

newest as (
    {{ newest_version('versions_received', key=['item_id'], version='updated_at') }}
),

final as (
    select
        cast(item_id as {{ dbt.type_string() }}) as order_item_id,
        cast(order_id as {{ dbt.type_string() }}) as order_id,
        cast(parent_item_id as {{ dbt.type_string() }}) as parent_order_item_id,
        cast(product_id as {{ dbt.type_string() }}) as product_id,
        cast(product_type as {{ dbt.type_string() }}) as product_type,
        cast(sku as {{ dbt.type_string() }}) as sku,
        cast(name as {{ dbt.type_string() }}) as product_name,
        cast(qty_ordered as decimal(18, 4)) as ordered_quantity,
        cast(coalesce(qty_canceled, '0') as decimal(18, 4)) as canceled_quantity,
        cast(coalesce(qty_refunded, '0') as decimal(18, 4)) as refunded_quantity,
        cast(base_original_price as decimal(18, 4)) as original_price_amount,
        cast(base_price as decimal(18, 4)) as price_amount,
        cast(coalesce(base_discount_amount, '0') as decimal(18, 4)) as discount_amount,
        cast(coalesce(base_tax_amount, '0') as decimal(18, 4)) as tax_amount,
        cast(base_row_total as decimal(18, 4)) as row_total_amount,
        cast(created_at as timestamp) as created_at,
        cast(updated_at as timestamp) as updated_at,
        cast(coalesce(file_number, 0) as bigint) as file_number
    from newest
)

select * from final
