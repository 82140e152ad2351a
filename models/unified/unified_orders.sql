with documents as (
    select * from {{ ref('unified_documents') }}
),

lines as (
    select * from {{ ref('unified_order_lines') }}
),

order_totals as (
    select
        order_key,
        count(*) as line_count,
        max(case when line_type = 'sale' then 1 else 0 end) as has_sale,
        case
            when
                count(source_customer_key) = count(*)
                and min(source_customer_key) = max(source_customer_key)
                then min(source_customer_key)
        end as lines_customer_key,
        coalesce(bool_or(is_purchase), false) as has_purchase,
        sum(case when is_purchase then quantity else 0 end) as purchased_unit_count,
        sum(case when is_purchase and is_discounted then quantity else 0 end)
            as discounted_unit_count,
        sum(
            case
                when is_valid and line_type = 'return' and is_service is not true then -1 * quantity
                else 0
            end
        ) as returned_unit_count,
        sum(case when is_valid and line_type = 'sale' then gross_amount else 0 end) as gross_amount,
        sum(case when is_valid and line_type = 'sale' then discount_amount else 0 end)
            as discount_amount,
        sum(case when is_valid and line_type <> 'sale' then -1 * net_amount else 0 end)
            as return_amount,
        sum(case when is_valid then net_amount else 0 end) as net_amount,
        sum(case when is_valid then tax_amount else 0 end) as tax_amount
    from lines
    group by order_key
),

final as (
    select
        documents.order_key,
        documents.source_system,
        documents.source_document_id,
        documents.order_number,
        documents.document_type,
        documents.original_order_key,
        documents.channel,
        documents.store_key,
        documents.employee_key,
        -- What only takes goods back is a matter of whoever bought them (D8).
        cast(
            case
                when order_totals.has_sale = 0
                    then coalesce(order_totals.lines_customer_key, documents.source_customer_key)
                else documents.source_customer_key
            end as {{ dbt.type_string() }}
        ) as source_customer_key,
        documents.order_status,
        documents.payment_method,
        documents.coupon_code,
        documents.currency,
        documents.country,
        documents.city,
        cast(coalesce(order_totals.line_count, 0) as integer) as line_count,
        cast(coalesce(order_totals.purchased_unit_count, 0) as decimal(18, 4))
            as purchased_unit_count,
        cast(coalesce(order_totals.discounted_unit_count, 0) as decimal(18, 4))
            as discounted_unit_count,
        cast(coalesce(order_totals.returned_unit_count, 0) as decimal(18, 4))
            as returned_unit_count,
        cast(coalesce(order_totals.gross_amount, 0) as decimal(18, 2)) as gross_amount,
        cast(coalesce(order_totals.discount_amount, 0) as decimal(18, 2)) as discount_amount,
        cast(coalesce(order_totals.return_amount, 0) as decimal(18, 2)) as return_amount,
        cast(coalesce(order_totals.net_amount, 0) as decimal(18, 2)) as net_amount,
        cast(coalesce(order_totals.tax_amount, 0) as decimal(18, 2)) as tax_amount,
        cast(
            round(
                {{ product_of('coalesce(documents.shipping_amount, 0)', 'documents.fx_rate') }}, 2
            ) as decimal(18, 2)
        ) as shipping_amount,
        documents.hold_reason,
        documents.is_valid,
        documents.is_held,
        -- A document that only takes goods back is no purchase (D9).
        coalesce(order_totals.has_purchase, false) as is_valid_sale,
        documents.is_dst_gap,
        documents.is_dst_overlap,
        documents.ordered_at,
        documents.ordered_at_local,
        documents.order_date,
        {{ first_of_month('documents.order_date') }} as order_month
    from documents
    left join order_totals on documents.order_key = order_totals.order_key
)

select * from final
