-- What each document states itself; it knows nothing of the lines we kept.
with documents as (
    select * from {{ ref('unified_stated_totals') }}
),

lines as (
    select * from {{ ref('unified_order_lines') }}
    where currency = '{{ var("reporting_currency") }}'
),

-- Shop totals are stated before tax, till totals with it.
counted as (
    select
        order_key,
        min(order_month) as order_month,
        sum(case when source_system = 'cashmere' then net_amount + tax_amount else net_amount end)
            as counted_amount,
        sum(
            case
                when not is_held then 0
                when source_system = 'cashmere' then net_amount + tax_amount
                else net_amount
            end
        ) as held_amount,
        bool_or(is_held) as is_held
    from lines
    group by order_key
),

compared as (
    select
        documents.source_system,
        documents.document_type,
        counted.order_month,
        documents.document_amount as stated_amount,
        counted.counted_amount,
        counted.held_amount,
        counted.is_held,
        abs(counted.counted_amount - documents.document_amount) > 0.02 as is_different
    from documents
    inner join counted on documents.order_key = counted.order_key
),

final as (
    select
        source_system,
        document_type,
        order_month,
        cast(count(*) as bigint) as document_count,
        cast(sum(case when is_different then 1 else 0 end) as bigint) as different_document_count,
        {{ rate('sum(case when is_different then 1 else 0 end)', 'count(*)') }}
            as different_document_rate,
        cast(sum(case when is_held then 1 else 0 end) as bigint) as held_document_count,
        cast(sum(stated_amount) as decimal(18, 2)) as stated_amount,
        cast(sum(counted_amount) as decimal(18, 2)) as counted_amount,
        cast(sum(held_amount) as decimal(18, 2)) as held_amount,
        cast(
            sum(case when is_different then 0 else counted_amount - stated_amount end) as decimal(
                18, 2
            )
        ) as rounding_amount
    from compared
    group by source_system, document_type, order_month
)

select * from final
