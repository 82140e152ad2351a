with contested as (
    {{ contested_records(
        'magento', 'sales_order', key=['entity_id'], version='updated_at',
        content=[
            'increment_id', 'state', 'status', 'store_id', 'customer_id', 'customer_is_guest',
            'customer_email', 'coupon_code', 'base_currency_code', 'order_currency_code',
            'base_subtotal', 'base_discount_amount', 'base_tax_amount', 'base_shipping_amount',
            'base_grand_total', 'base_total_refunded', 'total_qty_ordered',
            'billing_country_id', 'shipping_country_id', 'shipping_city', 'shipping_postcode',
            'created_at'
        ]
    ) }}
    union all
    {{ contested_records(
        'magento', 'sales_order_item', key=['item_id'], version='updated_at',
        content=[
            'order_id', 'parent_item_id', 'product_id', 'product_type', 'sku', 'name',
            'qty_ordered', 'qty_canceled', 'qty_refunded', 'base_original_price', 'base_price',
            'base_discount_amount', 'base_tax_amount', 'base_row_total', 'created_at'
        ]
    ) }}
    union all
    {{ contested_records(
        'magento', 'sales_creditmemo', key=['entity_id'], version='updated_at',
        content=[
            'increment_id', 'order_id', 'store_id', 'customer_id', 'base_currency_code',
            'base_subtotal', 'base_discount_amount', 'base_tax_amount', 'base_shipping_amount',
            'base_adjustment', 'base_grand_total', 'created_at'
        ]
    ) }}
    union all
    {{ contested_records(
        'magento', 'sales_creditmemo_item', key=['entity_id'],
        content=[
            'parent_id', 'order_item_id', 'product_id', 'sku', 'name', 'qty', 'base_price',
            'base_discount_amount', 'base_tax_amount', 'base_row_total'
        ]
    ) }}
    union all
    {{ contested_records(
        'magento', 'customer_entity', key=['entity_id'], version='updated_at',
        content=[
            'email', 'group_id', 'store_id', 'website_id', 'firstname', 'lastname', 'dob',
            'gender', 'telephone', 'city', 'postcode', 'country_id', 'is_active', 'created_at'
        ]
    ) }}
    union all
    {{ contested_records(
        'magento', 'newsletter_subscriber', key=['subscriber_id'], version='change_status_at',
        content=[
            'customer_id', 'subscriber_email', 'subscriber_status'
        ]
    ) }}
    union all
    {{ contested_records(
        'magento', 'catalog_product_entity', key=['entity_id'], version='updated_at',
        content=[
            'sku', 'type_id', 'name', 'brand', 'category_path', 'price', 'cost', 'status',
            'created_at'
        ]
    ) }}
    union all
    {{ contested_records(
        'magento', 'store', key=['store_id'],
        content=[
            'code', 'name', 'website_id', 'timezone', 'country_id', 'is_active'
        ]
    ) }}
),

final as (
    select
        source_system,
        entity,
        record_key,
        content_count
    from contested
)

select * from final
