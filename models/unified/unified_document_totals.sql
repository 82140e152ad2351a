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
        cast(coalesce(counted.line_count, 0) as integer) as line_count,
        cast(round(documents.document_amount, 2) as decimal(18, 2)) as document_amount,
        cast(coalesce(counted.lines_amount, 0) as decimal(18, 2)) as lines_amount,
        cast(
            round(coalesce(counted.lines_amount, 0) - documents.document_amount, 2)
            as decimal(18, 2)
        ) as difference_amount,
        -- A credit memo may give back the post alone; an order or ticket is of something.
        (
            counted.order_key is not null
            or (documents.source_system = 'magento' and documents.document_type = 'return')
        )
        and abs(coalesce(counted.lines_amount, 0) - documents.document_amount) <= 0.02
            as is_total_met
    from documents
    left join counted on documents.order_key = counted.order_key
)

select * from final
