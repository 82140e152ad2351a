with web_products as (
    select * from {{ ref('stg_magento__catalog_product_entity') }}
),

shop_products as (
    select * from {{ ref('stg_cashmere__products') }}
),

-- A SKU taken over by another catalogue entry names the entry that was changed last.
ranked_web_products as (
    select
        *,
        row_number() over (
            partition by sku
            order by updated_at desc nulls last, product_id desc
        ) as recency_rank
    from web_products
    where sku is not null
),

described as (
    select
        'magento' as source_system,
        sku,
        null as ean,
        product_name,
        brand,
        category_path,
        null as collection,
        null as product_size,
        null as colour,
        'product_type' as kind_attribute,
        product_type as kind_value,
        price_amount as list_price_amount,
        cost_amount
    from ranked_web_products
    where recency_rank = 1
    union all
    select
        'cashmere' as source_system,
        sku,
        ean,
        label as product_name,
        brand,
        family || coalesce('/' || subfamily, '') as category_path,
        collection,
        size as product_size,
        colour,
        'family' as kind_attribute,
        upper(trim(family)) as kind_value,
        price_incl_tax_amount as list_price_amount,
        cost_amount
    from shop_products
),

final as (
    select
        cast(source_system as {{ dbt.type_string() }}) as source_system,
        sku,
        cast(ean as {{ dbt.type_string() }}) as ean,
        product_name,
        brand,
        cast(category_path as {{ dbt.type_string() }}) as category_path,
        cast(collection as {{ dbt.type_string() }}) as collection,
        cast(product_size as {{ dbt.type_string() }}) as product_size,
        cast(colour as {{ dbt.type_string() }}) as colour,
        cast(kind_attribute as {{ dbt.type_string() }}) as kind_attribute,
        cast(kind_value as {{ dbt.type_string() }}) as kind_value,
        cast(list_price_amount as decimal(18, 4)) as list_price_amount,
        cast(cost_amount as decimal(18, 4)) as unit_cost_amount
    from described
)

select * from final
