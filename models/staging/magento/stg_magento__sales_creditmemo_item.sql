with versions_received as (
    select * from {{ source('magento', 'sales_creditmemo_item') }}
),

newest as (
    {{ newest_version('versions_received', key=['entity_id']) }}
),

final as (
    select
        cast(entity_id as {{ dbt.type_string() }}) as creditmemo_item_id,
        cast(parent_id as {{ dbt.type_string() }}) as creditmemo_id,
        cast(order_item_id as {{ dbt.type_string() }}) as order_item_id,
        cast(product_id as {{ dbt.type_string() }}) as product_id,
        cast(sku as {{ dbt.type_string() }}) as sku,
        cast(name as {{ dbt.type_string() }}) as product_name,
        cast(qty as decimal(18, 4)) as quantity,
        cast(base_price as decimal(18, 4)) as price_amount,
        cast(coalesce(base_discount_amount, '0') as decimal(18, 4)) as discount_amount,
        cast(coalesce(base_tax_amount, '0') as decimal(18, 4)) as tax_amount,
        cast(base_row_total as decimal(18, 4)) as row_total_amount
    from newest
)

select * from final
