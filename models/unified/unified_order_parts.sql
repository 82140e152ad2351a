with documents as (
    select * from {{ ref('unified_received_documents') }}
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
        documents.order_key,
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
        owner_customer_key as source_customer_key,
        '' as other_customer_key
    from owned_documents
    union all
    select distinct
        order_key,
        other_customer_key as source_customer_key,
        other_customer_key
    from placed_lines
    where other_customer_key <> ''
),

totals as (
    select
        order_key,
        other_customer_key,
        count(*) as line_count,
        bool_or(is_purchase) as has_purchase,
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
                when parts.other_customer_key = '' then parts.order_key
                else parts.order_key || ':' || parts.other_customer_key
            end as {{ dbt.type_string() }}
        ) as order_key,
        parts.order_key as document_key,
        cast(parts.source_customer_key as {{ dbt.type_string() }}) as source_customer_key,
        parts.other_customer_key <> '' as is_of_other_customer,
        cast(coalesce(totals.line_count, 0) as integer) as line_count,
        -- A document that only takes goods back is no purchase (D9).
        coalesce(totals.has_purchase, false) as is_valid_sale,
        cast(coalesce(totals.purchased_unit_count, 0) as decimal(18, 4)) as purchased_unit_count,
        cast(coalesce(totals.discounted_unit_count, 0) as decimal(18, 4)) as discounted_unit_count,
        cast(coalesce(totals.returned_unit_count, 0) as decimal(18, 4)) as returned_unit_count,
        cast(coalesce(totals.gross_amount, 0) as decimal(18, 2)) as gross_amount,
        cast(coalesce(totals.discount_amount, 0) as decimal(18, 2)) as discount_amount,
        cast(coalesce(totals.return_amount, 0) as decimal(18, 2)) as return_amount,
        cast(coalesce(totals.net_amount, 0) as decimal(18, 2)) as net_amount,
        cast(coalesce(totals.tax_amount, 0) as decimal(18, 2)) as tax_amount
    from parts
    left join totals
        on
            parts.order_key = totals.order_key
            and parts.other_customer_key = totals.other_customer_key
)

select * from final
