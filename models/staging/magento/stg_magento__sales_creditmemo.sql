with versions_received as (
    select * from {{ source('magento', 'sales_creditmemo') }}
),

newest as (
    {{ newest_version('versions_received', key=['entity_id'], version='updated_at') }}
),

final as (
    select
        cast(entity_id as {{ dbt.type_string() }}) as creditmemo_id,
        cast(increment_id as {{ dbt.type_string() }}) as creditmemo_number,
        cast(order_id as {{ dbt.type_string() }}) as order_id,
        cast(store_id as {{ dbt.type_string() }}) as store_id,
        cast(customer_id as {{ dbt.type_string() }}) as customer_id,
        cast(base_currency_code as {{ dbt.type_string() }}) as base_currency,
        cast(base_subtotal as decimal(18, 4)) as subtotal_amount,
        -- The sign of a memo's discount differs between Magento versions; its size does not.
        cast(abs(cast(coalesce(base_discount_amount, '0') as decimal(18, 4))) as decimal(18, 4))
            as discount_amount,
        cast(coalesce(base_tax_amount, '0') as decimal(18, 4)) as tax_amount,
        cast(coalesce(base_shipping_amount, '0') as decimal(18, 4)) as shipping_amount,
        cast(coalesce(base_adjustment, '0') as decimal(18, 4)) as adjustment_amount,
        cast(base_grand_total as decimal(18, 4)) as grand_total_amount,
        cast(created_at as timestamp) as created_at,
        cast(updated_at as timestamp) as updated_at
    from newest
)

select * from final
