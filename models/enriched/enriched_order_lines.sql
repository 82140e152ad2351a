{{ config(meta={'indexes': [
    ['store_key', 'order_date'],
    ['order_date'],
    ['customer_key'],
    ['product_key']
]}) }}
with lines as (
    select * from {{ ref('unified_order_lines') }}
),

orders as (
    select * from {{ ref('enriched_orders') }}
),

products as (
    select * from {{ ref('unified_products') }}
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

-- A line keeps its source customer; the golden key joins in here, after everything that aggregates
-- lines.
final as (
    select
        lines.order_line_key,
        lines.order_key,
        lines.original_order_key,
        lines.original_order_line_key,
        lines.product_key,
        lines.store_key,
        lines.employee_key,
        identities.customer_key,
        lines.source_customer_key,
        lines.source_system,
        lines.channel,
        lines.line_type,
        lines.order_status,
        orders.country,
        orders.store_name,
        orders.store_city,
        orders.store_region,
        lines.sku,
        products.product_name,
        products.brand,
        products.category_level_1,
        products.category_level_2,
        products.category_level_3,
        products.collection,
        products.product_size,
        products.colour,
        products.product_kind,
        lines.promo_code,
        customers.gender as customer_gender,
        {{ age_in_years('births.birth_date', 'lines.order_date') }} as customer_age,
        customers.city as customer_city,
        customers.country as customer_country,
        customers.home_store_key as customer_home_store_key,
        customers.status as customer_status,
        customers.cohort_month,
        lines.quantity,
        lines.gross_amount,
        lines.discount_amount,
        lines.net_amount,
        lines.tax_amount,
        cast(
            round({{ product_of('lines.quantity', 'products.unit_cost_amount') }}, 2)
            as decimal(18, 2)
        ) as cost_amount,
        cast(
            lines.net_amount
            - round({{ product_of('lines.quantity', 'products.unit_cost_amount') }}, 2)
            as decimal(18, 2)
        ) as margin_amount,
        lines.is_valid,
        lines.is_held,
        lines.is_purchase,
        lines.is_discounted,
        identities.customer_key is not null as is_identified,
        orders.is_first_order,
        orders.is_after_as_of,
        lines.ordered_at,
        lines.order_date,
        lines.order_month,
        lines.original_order_date,
        orders.order_hour
    from lines
    inner join orders on lines.order_key = orders.order_key
    left join products on lines.product_key = products.product_key
    left join identities on lines.source_customer_key = identities.source_customer_key
    left join customers on identities.customer_key = customers.customer_key
    left join births on identities.customer_key = births.customer_key
)

select * from final
