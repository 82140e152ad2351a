with web_products as (
    select * from {{ ref('stg_magento__catalog_product_entity') }}
),

shop_products as (
    select * from {{ ref('stg_cashmere__products') }}
),

web_items as (
    select * from {{ ref('stg_magento__sales_order_item') }}
),

ticket_lines as (
    select * from {{ ref('stg_cashmere__ticket_lines') }}
),

product_kinds as (
    select * from {{ ref('product_kind_map') }}
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
        price_amount as list_price_amount,
        false as is_list_price_taxed,
        cost_amount,
        product_type as kind_value,
        'product_type' as kind_attribute,
        false as is_inferred
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
        price_incl_tax_amount as list_price_amount,
        true as is_list_price_taxed,
        cost_amount,
        upper(trim(family)) as kind_value,
        'family' as kind_attribute,
        false as is_inferred
    from shop_products
),

-- What was sold but stands in no catalogue keeps its sales, under the name on the sale.
sold as (
    select
        'magento' as source_system,
        sku,
        max(product_name) as product_name,
        max(product_type) as kind_value,
        'product_type' as kind_attribute
    from web_items
    where sku is not null
    group by sku
    union all
    select
        'cashmere' as source_system,
        sku,
        max(label) as product_name,
        null as kind_value,
        'family' as kind_attribute
    from ticket_lines
    where sku is not null
    group by sku
),

all_products as (
    select * from described
    union all
    select
        sold.source_system,
        sold.sku,
        null as ean,
        sold.product_name,
        null as brand,
        null as category_path,
        null as collection,
        null as product_size,
        null as colour,
        null as list_price_amount,
        sold.source_system = 'cashmere' as is_list_price_taxed,
        null as cost_amount,
        sold.kind_value,
        sold.kind_attribute,
        true as is_inferred
    from sold
    left join described
        on sold.source_system = described.source_system and sold.sku = described.sku
    where described.sku is null
),

final as (
    select
        cast(all_products.source_system || ':' || all_products.sku as {{ dbt.type_string() }})
            as product_key,
        cast(all_products.source_system as {{ dbt.type_string() }}) as source_system,
        cast(all_products.sku as {{ dbt.type_string() }}) as sku,
        cast(all_products.ean as {{ dbt.type_string() }}) as ean,
        cast(all_products.product_name as {{ dbt.type_string() }}) as product_name,
        cast(all_products.brand as {{ dbt.type_string() }}) as brand,
        cast(all_products.category_path as {{ dbt.type_string() }}) as category_path,
        {{ path_part('all_products.category_path', 1) }} as category_level_1,
        {{ path_part('all_products.category_path', 2) }} as category_level_2,
        {{ path_part('all_products.category_path', 3) }} as category_level_3,
        cast(all_products.collection as {{ dbt.type_string() }}) as collection,
        cast(all_products.product_size as {{ dbt.type_string() }}) as product_size,
        cast(all_products.colour as {{ dbt.type_string() }}) as colour,
        cast(coalesce(product_kinds.product_kind, 'merchandise') as {{ dbt.type_string() }})
            as product_kind,
        cast(all_products.list_price_amount as decimal(18, 4)) as list_price_amount,
        cast(all_products.cost_amount as decimal(18, 4)) as unit_cost_amount,
        all_products.is_list_price_taxed,
        all_products.is_inferred
    from all_products
    left join product_kinds
        on
            all_products.source_system = product_kinds.source_system
            and all_products.kind_attribute = product_kinds.attribute
            and all_products.kind_value = product_kinds.value
)

select * from final
