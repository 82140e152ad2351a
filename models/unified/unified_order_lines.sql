with lines as (
    select * from {{ ref('unified_order_lines__magento') }}
    union all
    select * from {{ ref('unified_order_lines__cashmere') }}
),

documents as (
    select * from {{ ref('unified_documents') }}
),

products as (
    select * from {{ ref('unified_products') }}
),

-- A return's customer, date of sale and rate are those of the order it undoes, where that is known
-- (D8, D31).
joined as (
    select
        lines.*,
        documents.document_type,
        documents.channel,
        documents.store_key,
        documents.employee_key,
        documents.order_status,
        documents.is_valid,
        documents.is_held,
        documents.currency,
        documents.ordered_at,
        documents.ordered_at_local,
        documents.order_date,
        products.product_key,
        products.product_kind,
        -- What comes back from a held document counts on its own day.
        case when not originals.is_held then originals.order_date end as found_original_order_date,
        coalesce(originals.source_customer_key, documents.source_customer_key)
            as source_customer_key,
        coalesce(originals.is_valid or originals.is_held, true) as is_original_valid,
        case
            when documents.currency = originals.currency then originals.fx_rate
            else documents.fx_rate
        end as fx_rate
    from lines
    inner join documents on lines.order_key = documents.order_key
    left join documents as originals on lines.original_order_key = originals.order_key
    left join products on products.product_key = lines.source_system || ':' || lines.sku
),

-- The amount in the document's own currency is kept beside the reporting one (D31).
converted as (
    select
        joined.*,
        round({{ product_of('joined.gross_amount', 'joined.fx_rate', 2) }}, 2)
            as reporting_gross_amount,
        round({{ product_of('joined.net_amount', 'joined.fx_rate', 2) }}, 2)
            as reporting_net_amount,
        round({{ product_of('joined.tax_amount', 'joined.fx_rate', 2) }}, 2)
            as reporting_tax_amount,
        joined.is_valid
        and joined.document_type = 'order'
        and joined.line_type = 'sale'
        and joined.quantity > 0
        and coalesce(joined.product_kind, 'merchandise') = 'merchandise' as is_bought
    from joined
),

final as (
    select
        order_line_key,
        order_key,
        original_order_key,
        original_order_line_key,
        source_system,
        channel,
        store_key,
        employee_key,
        source_customer_key,
        cast(product_key as {{ dbt.type_string() }}) as product_key,
        sku,
        line_type,
        order_status,
        promo_code,
        currency,
        quantity,
        cast(reporting_gross_amount as decimal(18, 2)) as gross_amount,
        cast(reporting_gross_amount - reporting_net_amount as decimal(18, 2)) as discount_amount,
        cast(reporting_net_amount as decimal(18, 2)) as net_amount,
        cast(reporting_tax_amount as decimal(18, 2)) as tax_amount,
        net_amount as original_currency_net_amount,
        -- Gift-card sales are a loan, not revenue; drafts, voids and cancellations never count
        -- (D6).
        is_valid
        and is_original_valid
        and coalesce(product_kind, 'merchandise') <> 'gift_card' as is_valid,
        -- Whether an order of no value at all is a purchase is decided here, for every figure (D6).
        is_bought
        and (
            {{ var('zero_orders_count') | lower }}
            or sum(case when is_bought then reporting_net_amount else 0 end)
                over (partition by order_key)
            <> 0
        ) as is_purchase,
        coalesce(product_kind = 'service', false) as is_service,
        is_held
        and is_original_valid
        and coalesce(product_kind, 'merchandise') <> 'gift_card' as is_held,
        line_type = 'sale'
        and reporting_gross_amount - reporting_net_amount
        > reporting_gross_amount * {{ var('discount_threshold_rate') }} as is_discounted,
        ordered_at,
        ordered_at_local,
        order_date,
        {{ first_of_month('order_date') }} as order_month,
        cast(coalesce(found_original_order_date, order_date) as date) as original_order_date
    from converted
)

select * from final
