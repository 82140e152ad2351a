-- What each document states itself; it knows nothing of the lines we kept.
with documents as (
    select * from {{ ref('unified_stated_totals') }}
),

-- Shop totals are stated before tax, till totals with it.
counted as (
    select
        order_key,
        count(*) as line_count,
        sum(net_amount) as lines_amount
    from {{ ref('unified_order_lines__magento') }}
    group by order_key
    union all
    select
        order_key,
        count(*) as line_count,
        sum(net_amount + tax_amount) as lines_amount
    from {{ ref('unified_order_lines__cashmere') }}
    group by order_key
),

final as (
    select
        documents.order_key,
        cast(counted.line_count as integer) as line_count,
        cast(round(documents.document_amount, 2) as decimal(18, 2)) as document_amount,
        cast(counted.lines_amount as decimal(18, 2)) as lines_amount,
        cast(round(counted.lines_amount - documents.document_amount, 2) as decimal(18, 2))
            as difference_amount,
        abs(counted.lines_amount - documents.document_amount) <= 0.02 as is_total_met
    from documents
    inner join counted on documents.order_key = counted.order_key
)

select * from final
