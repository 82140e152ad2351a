with versions_received as (
    select * from {{ source('magento', 'catalog_product_entity') }}
),

newest as (
    {{ newest_version('versions_received', key=['entity_id'], version='updated_at') }}
),

final as (
    select
        cast(entity_id as {{ dbt.type_string() }}) as product_id,
        cast(sku as {{ dbt.type_string() }}) as sku,
        cast(type_id as {{ dbt.type_string() }}) as product_type,
        cast(name as {{ dbt.type_string() }}) as product_name,
        cast(brand as {{ dbt.type_string() }}) as brand,
        cast(category_path as {{ dbt.type_string() }}) as category_path,
        cast(price as decimal(18, 4)) as price_amount,
        cast(cost as decimal(18, 4)) as cost_amount,
        cast(coalesce(status = '1', false) as boolean) as is_enabled,
        cast(created_at as timestamp) as created_at,
        cast(updated_at as timestamp) as updated_at
    from newest
)

select * from final
