with catalogue as (
    select * from {{ ref('unified_catalogue_products') }}
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

sold as (
    select
        'magento' as source_system,
        sku,
        'product_type' as kind_attribute,
        max(product_type) as kind_value,
        max(product_name) as product_name
    from web_items
    where sku is not null
    group by sku
    union all
    select
        'cashmere' as source_system,
        sku,
        'family' as kind_attribute,
        null as kind_value,
        max(label) as product_name
    from ticket_lines
    where sku is not null
    group by sku
),

-- What was sold but stands in no catalogue keeps its sales, under the name on the sale.
all_products as (
    select
        coalesce(catalogue.source_system, sold.source_system) as source_system,
        coalesce(catalogue.sku, sold.sku) as sku,
        catalogue.ean,
        case when catalogue.sku is null then sold.product_name else catalogue.product_name end
            as product_name,
        catalogue.brand,
        catalogue.category_path,
        catalogue.collection,
        catalogue.product_size,
        catalogue.colour,
        coalesce(catalogue.kind_attribute, sold.kind_attribute) as kind_attribute,
        case when catalogue.sku is null then sold.kind_value else catalogue.kind_value end
            as kind_value,
        catalogue.list_price_amount,
        catalogue.unit_cost_amount,
        catalogue.sku is null as is_inferred
    from catalogue
    full outer join sold
        on catalogue.source_system = sold.source_system and catalogue.sku = sold.sku
),

-- A star in a map's SKU stands for any characters; the longest that fits is the most exact.
sku_kinds as (
    select
        all_products.source_system,
        all_products.sku,
        product_kinds.product_kind,
        row_number() over (
            partition by all_products.source_system, all_products.sku
            order by length(product_kinds.value) desc, product_kinds.value asc
        ) as exactness_rank
    from all_products
    inner join product_kinds
        on
            all_products.source_system = product_kinds.source_system
            and product_kinds.attribute = 'sku'
            and upper(all_products.sku) like {{ like_pattern('product_kinds.value') }} escape '!'
),

final as (
    select
        cast(all_products.source_system || ':' || all_products.sku as {{ dbt.type_string() }})
            as product_key,
        cast(all_products.source_system as {{ dbt.type_string() }}) as source_system,
        cast(all_products.sku as {{ dbt.type_string() }}) as sku,
        all_products.ean,
        cast(all_products.product_name as {{ dbt.type_string() }}) as product_name,
        all_products.brand,
        all_products.category_path,
        {{ path_part('all_products.category_path', 1) }} as category_level_1,
        {{ path_part('all_products.category_path', 2) }} as category_level_2,
        {{ path_part('all_products.category_path', 3) }} as category_level_3,
        all_products.collection,
        all_products.product_size,
        all_products.colour,
        cast(
            coalesce(sku_kinds.product_kind, product_kinds.product_kind, 'merchandise')
            as {{ dbt.type_string() }}
        ) as product_kind,
        all_products.list_price_amount,
        all_products.unit_cost_amount,
        all_products.source_system = 'cashmere' as is_list_price_taxed,
        all_products.is_inferred
    from all_products
    left join product_kinds
        on
            all_products.source_system = product_kinds.source_system
            and all_products.kind_attribute = product_kinds.attribute
            and all_products.kind_value = product_kinds.value
    left join sku_kinds
        on
            all_products.source_system = sku_kinds.source_system
            and all_products.sku = sku_kinds.sku
            and sku_kinds.exactness_rank = 1
)

select * from final
