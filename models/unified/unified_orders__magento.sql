with orders as (
    select * from {{ ref('stg_magento__sales_order') }}
),

credit_memos as (
    select * from {{ ref('stg_magento__sales_creditmemo') }}
),

stores as (
    select * from {{ ref('unified_stores') }}
),

status_map as (
    select * from {{ ref('order_status_map') }}
    where source_system = 'magento'
),

-- A status such as fraud outranks the state; a state nobody mapped is unknown and no sale (D6).
documents as (
    select
        orders.order_id as source_document_id,
        'magento:' || orders.order_id as order_key,
        orders.order_number,
        'order' as document_type,
        null as original_order_key,
        orders.store_id,
        orders.customer_id,
        orders.email_key,
        coalesce(by_status.order_status, by_state.order_status, 'unknown') as order_status,
        coalesce(by_status.is_valid_sale, by_state.is_valid_sale, false) as is_valid,
        orders.coupon_code,
        orders.base_currency as currency,
        coalesce(orders.shipping_country, orders.billing_country) as country,
        orders.shipping_city as city,
        orders.shipping_amount,
        orders.created_at as ordered_at,
        orders.created_at as rate_at
    from orders
    left join status_map as by_state
        on orders.order_state = by_state.source_state and by_state.source_status = '*'
    left join status_map as by_status
        on orders.order_status = by_status.source_status and by_status.source_state = '*'
),

-- A refund belongs to its order's customer and uses its order's rate (D31); migrated history has no order.
refunds as (
    select
        credit_memos.creditmemo_id as source_document_id,
        'magento:creditmemo:' || credit_memos.creditmemo_id as order_key,
        credit_memos.creditmemo_number as order_number,
        'return' as document_type,
        documents.order_key as original_order_key,
        coalesce(credit_memos.store_id, documents.store_id) as store_id,
        coalesce(documents.customer_id, credit_memos.customer_id) as customer_id,
        documents.email_key,
        'returned' as order_status,
        coalesce(documents.is_valid, true) as is_valid,
        null as coupon_code,
        credit_memos.base_currency as currency,
        documents.country,
        documents.city,
        -1 * credit_memos.shipping_amount as shipping_amount,
        credit_memos.created_at as ordered_at,
        coalesce(documents.ordered_at, credit_memos.created_at) as rate_at
    from credit_memos
    left join documents on credit_memos.order_id = documents.source_document_id
),

all_documents as (
    select * from documents
    union all
    select * from refunds
),

localised as (
    select
        all_documents.*,
        stores.store_key,
        coalesce(all_documents.country, stores.country) as order_country,
        {{ utc_to_local(
            'all_documents.ordered_at', "coalesce(stores.time_zone, '" ~ var('project_time_zone') ~ "')"
        ) }} as ordered_at_local
    from all_documents
    left join stores on stores.store_key = 'magento:' || all_documents.store_id
),

final as (
    select
        cast(order_key as {{ dbt.type_string() }}) as order_key,
        cast('magento' as {{ dbt.type_string() }}) as source_system,
        cast(source_document_id as {{ dbt.type_string() }}) as source_document_id,
        cast(order_number as {{ dbt.type_string() }}) as order_number,
        cast(document_type as {{ dbt.type_string() }}) as document_type,
        cast(original_order_key as {{ dbt.type_string() }}) as original_order_key,
        cast('web' as {{ dbt.type_string() }}) as channel,
        cast(store_key as {{ dbt.type_string() }}) as store_key,
        cast(null as {{ dbt.type_string() }}) as employee_key,
        -- Guests have no account and are known by their e-mail.
        cast(
            case
                when customer_id is not null then 'magento:' || customer_id
                when email_key is not null then 'magento:guest:' || email_key
            end as {{ dbt.type_string() }}
        ) as source_customer_key,
        cast(order_status as {{ dbt.type_string() }}) as order_status,
        is_valid,
        cast(null as {{ dbt.type_string() }}) as payment_method,
        cast(coupon_code as {{ dbt.type_string() }}) as coupon_code,
        cast(currency as {{ dbt.type_string() }}) as currency,
        cast(order_country as {{ dbt.type_string() }}) as country,
        cast(city as {{ dbt.type_string() }}) as city,
        cast(shipping_amount as decimal(18, 4)) as shipping_amount,
        cast(rate_at as date) as rate_date,
        cast(ordered_at as timestamp) as ordered_at,
        cast(ordered_at_local as timestamp) as ordered_at_local,
        cast(ordered_at_local as date) as order_date,
        false as is_dst_gap,
        false as is_dst_overlap
    from localised
)

select * from final
