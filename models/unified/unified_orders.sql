with documents as (
    select * from {{ ref('unified_documents') }}
),

parts as (
    select * from {{ ref('unified_order_parts') }}
),

-- The document's type and its shipping are those of its own part; another is a return.
final as (
    select
        parts.order_key,
        documents.source_system,
        documents.source_document_id,
        documents.order_number,
        cast(
            case when parts.is_of_other_customer then 'return' else documents.document_type end
            as {{ dbt.type_string() }}
        ) as document_type,
        documents.original_order_key,
        documents.channel,
        documents.store_key,
        documents.employee_key,
        parts.source_customer_key,
        documents.order_status,
        documents.payment_method,
        documents.coupon_code,
        documents.currency,
        documents.country,
        documents.city,
        parts.line_count,
        parts.purchased_unit_count,
        parts.discounted_unit_count,
        parts.returned_unit_count,
        parts.gross_amount,
        parts.discount_amount,
        parts.return_amount,
        parts.net_amount,
        parts.tax_amount,
        cast(
            case
                when parts.is_of_other_customer then 0
                else
                    round(
                        {{ product_of(
                            'coalesce(documents.shipping_amount, 0)', 'documents.fx_rate'
                        ) }}, 2
                    )
            end as decimal(18, 2)
        ) as shipping_amount,
        documents.hold_reason,
        documents.is_valid,
        documents.is_held,
        parts.is_valid_sale,
        documents.is_dst_gap,
        documents.is_dst_overlap,
        documents.ordered_at,
        documents.ordered_at_local,
        documents.order_date,
        {{ first_of_month('documents.order_date') }} as order_month
    from parts
    inner join documents on parts.document_key = documents.order_key
)

select * from final
