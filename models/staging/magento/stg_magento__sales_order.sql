with versions_received as (
    select * from {{ source('magento', 'sales_order') }}
),

newest as (
    {{ newest_version('versions_received', key=['entity_id'], version='updated_at') }}
),

final as (
    select
        cast(entity_id as {{ dbt.type_string() }}) as order_id,
        cast(increment_id as {{ dbt.type_string() }}) as order_number,
        -- Magento writes states in small letters; other spellings are an export tool's.
        cast(lower(state) as {{ dbt.type_string() }}) as order_state,
        cast(status as {{ dbt.type_string() }}) as order_status,
        cast(store_id as {{ dbt.type_string() }}) as store_id,
        cast(customer_id as {{ dbt.type_string() }}) as customer_id,
        cast(coalesce(customer_is_guest = 'true', false) as boolean) as is_guest,
        cast(customer_email as {{ dbt.type_string() }}) as email_key,
        cast(coupon_code as {{ dbt.type_string() }}) as coupon_code,
        cast(base_currency_code as {{ dbt.type_string() }}) as base_currency,
        cast(order_currency_code as {{ dbt.type_string() }}) as order_currency,
        cast(base_subtotal as decimal(18, 4)) as subtotal_amount,
        -- Magento writes the discount of an order as a negative number.
        cast(-cast(coalesce(base_discount_amount, '0') as decimal(18, 4)) as decimal(18, 4))
            as discount_amount,
        cast(coalesce(base_tax_amount, '0') as decimal(18, 4)) as tax_amount,
        cast(coalesce(base_shipping_amount, '0') as decimal(18, 4)) as shipping_amount,
        cast(base_grand_total as decimal(18, 4)) as grand_total_amount,
        cast(coalesce(base_total_refunded, '0') as decimal(18, 4)) as refunded_total_amount,
        cast(total_qty_ordered as decimal(18, 4)) as ordered_quantity,
        cast(billing_country_id as {{ dbt.type_string() }}) as billing_country,
        cast(shipping_country_id as {{ dbt.type_string() }}) as shipping_country,
        cast(shipping_city as {{ dbt.type_string() }}) as shipping_city,
        cast(shipping_postcode as {{ dbt.type_string() }}) as shipping_postcode,
        cast(created_at as timestamp) as created_at,
        cast(updated_at as timestamp) as updated_at
    from newest
)

select * from final
