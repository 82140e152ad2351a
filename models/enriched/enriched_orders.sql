{{ config(meta={'indexes': [['store_key', 'order_date'], ['order_date'], ['customer_key']]}) }}
with orders as (
    select * from {{ ref('unified_orders') }}
),

stores as (
    select * from {{ ref('unified_stores') }}
),

identities as (
    select * from {{ ref('customer_identities') }}
),

customers as (
    select * from {{ ref('golden_customers') }}
),

-- Ages need the day of birth, which golden customers do not show.
births as (
    select
        customer_key,
        birth_date
    from {{ ref('int_customer_facts') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

identified as (
    select
        orders.*,
        identities.customer_key
    from orders
    left join identities on orders.source_customer_key = identities.source_customer_key
),

-- The customer's purchases are numbered in time; other documents and anonymous tickets have no
-- number.
numbered as (
    select
        order_key,
        row_number() over (
            partition by customer_key
            order by ordered_at, order_key
        ) as customer_order_number,
        lag(order_date) over (
            partition by customer_key
            order by ordered_at, order_key
        ) as previous_order_date
    from identified
    where is_valid_sale and customer_key is not null
),

final as (
    select
        identified.order_key,
        identified.customer_key,
        identified.source_customer_key,
        identified.store_key,
        identified.employee_key,
        identified.original_order_key,
        identified.source_system,
        identified.channel,
        identified.document_type,
        identified.order_number,
        identified.order_status,
        identified.payment_method,
        identified.coupon_code,
        identified.currency,
        cast(coalesce(identified.country, stores.country) as {{ dbt.type_string() }}) as country,
        stores.store_name,
        stores.city as store_city,
        stores.region as store_region,
        customers.gender as customer_gender,
        {{ age_in_years('births.birth_date', 'identified.order_date') }} as customer_age,
        customers.status as customer_status,
        customers.cohort_month,
        cast(numbered.customer_order_number as integer) as customer_order_number,
        cast(
            {{ dbt.datediff('numbered.previous_order_date', 'identified.order_date', 'day') }}
            as integer
        )
            as days_since_previous_order,
        identified.line_count,
        identified.purchased_unit_count,
        identified.discounted_unit_count,
        identified.returned_unit_count,
        identified.gross_amount,
        identified.discount_amount,
        identified.return_amount,
        identified.net_amount,
        identified.tax_amount,
        identified.shipping_amount,
        identified.hold_reason,
        identified.is_valid,
        identified.is_held,
        identified.is_valid_sale,
        identified.customer_key is not null as is_identified,
        coalesce(numbered.customer_order_number = 1, false) as is_first_order,
        identified.is_dst_gap,
        identified.is_dst_overlap,
        identified.order_date > as_of.as_of_date as is_after_as_of,
        identified.ordered_at,
        identified.order_date,
        identified.order_month,
        cast(extract(hour from identified.ordered_at_local) as integer) as order_hour
    from identified
    cross join as_of
    left join stores on identified.store_key = stores.store_key
    left join customers on identified.customer_key = customers.customer_key
    left join births on identified.customer_key = births.customer_key
    left join numbered on identified.order_key = numbered.order_key
)

select * from final
