with versions_received as (
    select * from {{ source('cashmere', 'products') }}
),

newest as (
    {{ newest_version('versions_received', key=['sku'], version='updated_at') }}
),

final as (
    select
        cast(sku as {{ dbt.type_string() }}) as sku,
        cast(ean as {{ dbt.type_string() }}) as ean,
        cast(label as {{ dbt.type_string() }}) as label,
        cast(family as {{ dbt.type_string() }}) as family,
        cast(subfamily as {{ dbt.type_string() }}) as subfamily,
        cast(brand as {{ dbt.type_string() }}) as brand,
        cast(collection as {{ dbt.type_string() }}) as collection,
        cast(size as {{ dbt.type_string() }}) as size,
        cast(colour as {{ dbt.type_string() }}) as colour,
        cast(price_incl_tax as decimal(18, 4)) as price_incl_tax_amount,
        cast(cost as decimal(18, 4)) as cost_amount,
        cast(updated_at as timestamp) as updated_at_local
    from newest
)

select * from final
