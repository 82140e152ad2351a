with orders as (
    select * from {{ ref('unified_web_orders') }}
),

credit_memos as (
    select * from {{ ref('stg_magento__sales_creditmemo') }}
),

stores as (
    select * from {{ ref('unified_stores') }}
),

documents as (
    select
        'magento:' || order_id as order_key,
        order_id as source_document_id,
        order_number,
        'order' as document_type,
        null as original_order_key,
        store_id,
        customer_id,
        email_key,
        order_status,
        coupon_code,
        currency,
        country,
        city,
        shipping_amount,
        is_valid,
        ordered_at,
        ordered_at as rate_at
    from orders
    union all
    -- A refund belongs to its order's customer and uses its order's rate (D31); migrated history
    -- has no order.
    select
        'magento:creditmemo:' || credit_memos.creditmemo_id as order_key,
        credit_memos.creditmemo_id as source_document_id,
        credit_memos.creditmemo_number as order_number,
        'return' as document_type,
        'magento:' || orders.order_id as original_order_key,
        coalesce(credit_memos.store_id, orders.store_id) as store_id,
        coalesce(orders.customer_id, credit_memos.customer_id) as customer_id,
        orders.email_key,
        'returned' as order_status,
        null as coupon_code,
        credit_memos.base_currency as currency,
        orders.country,
        orders.city,
        -1 * credit_memos.shipping_amount as shipping_amount,
        coalesce(orders.is_valid, true) as is_valid,
        credit_memos.created_at as ordered_at,
        coalesce(orders.ordered_at, credit_memos.created_at) as rate_at
    from credit_memos
    left join orders on credit_memos.order_id = orders.order_id
),

localised as (
    select
        documents.*,
        stores.store_key,
        stores.country as store_country,
        coalesce(stores.time_zone, '{{ var("project_time_zone") }}') as time_zone
    from documents
    left join stores on stores.store_key = 'magento:' || documents.store_id
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
        store_key,
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
        cast(coalesce(country, store_country) as {{ dbt.type_string() }}) as country,
        cast(city as {{ dbt.type_string() }}) as city,
        cast(shipping_amount as decimal(18, 4)) as shipping_amount,
        -- The day on which ingestion asked for a rate, in project time as there.
        cast(
            {{ utc_to_local('rate_at', "'" ~ var('project_time_zone') ~ "'") }} as date
        ) as rate_date,
        cast(ordered_at as timestamp) as ordered_at,
        cast({{ utc_to_local('ordered_at', 'time_zone') }} as timestamp) as ordered_at_local,
        cast({{ utc_to_local('ordered_at', 'time_zone') }} as date) as order_date,
        false as is_dst_gap,
        false as is_dst_overlap
    from localised
)

select * from final
