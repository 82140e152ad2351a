with documents as (
    select * from {{ ref('unified_documents') }}
),

lines as (
    select * from {{ ref('unified_order_lines') }}
),

line_customers as (
    select
        order_key,
        case
            when
                max(case when line_type = 'sale' then 1 else 0 end) = 0
                and count(source_customer_key) = count(*)
                and min(source_customer_key) = max(source_customer_key)
                then min(source_customer_key)
        end as only_customer_key
    from lines
    group by order_key
),

-- What only takes goods of one buyer back is a matter of that buyer (D8).
owned_documents as (
    select
        documents.*,
        coalesce(line_customers.only_customer_key, documents.source_customer_key)
            as owner_customer_key
    from documents
    left join line_customers on documents.order_key = line_customers.order_key
),

-- Goods of others that stand on the same document are a return of their buyer's.
placed_lines as (
    select
        lines.*,
        case
            when
                lines.line_type <> 'sale'
                and lines.source_customer_key <> coalesce(owned_documents.owner_customer_key, '')
                then lines.source_customer_key
            else ''
        end as other_customer_key
    from lines
    inner join owned_documents on lines.order_key = owned_documents.order_key
),

parts as (
    select
        order_key,
        '' as other_customer_key
    from documents
    union
    select
        order_key,
        other_customer_key
    from placed_lines
),

order_totals as (
    select
        order_key,
        other_customer_key,
        count(*) as line_count,
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
    from placed_lines
    group by order_key, other_customer_key
),

final as (
    select
        cast(
            case
                when parts.other_customer_key = '' then documents.order_key
                else documents.order_key || ':' || parts.other_customer_key
            end as {{ dbt.type_string() }}
        ) as order_key,
        documents.source_system,
        documents.source_document_id,
        documents.order_number,
        cast(
            case
                when parts.other_customer_key = '' then documents.document_type else 'return'
            end as {{ dbt.type_string() }}
        ) as document_type,
        documents.original_order_key,
        documents.channel,
        documents.store_key,
        documents.employee_key,
        cast(
            coalesce(nullif(parts.other_customer_key, ''), documents.owner_customer_key)
            as {{ dbt.type_string() }}
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
            case
                when parts.other_customer_key = ''
                    then
                        round(
                            {{ product_of(
                                'coalesce(documents.shipping_amount, 0)', 'documents.fx_rate'
                            ) }}, 2
                        )
                else 0
            end as decimal(18, 2)
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
    from parts
    inner join owned_documents as documents on parts.order_key = documents.order_key
    left join order_totals
        on
            parts.order_key = order_totals.order_key
            and parts.other_customer_key = order_totals.other_customer_key
)

select * from final
