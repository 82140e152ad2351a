with totals as (
    select * from {{ ref('unified_document_totals') }}
),

uncounted_lines as (
    select * from {{ ref('unified_uncounted_lines') }}
),

dropped_web_items as (
    select * from {{ ref('unified_dropped_web_items') }}
),

chosen_lines as (
    select * from {{ ref('unified_chosen_lines') }}
),

refunds as (
    select * from {{ ref('unified_refund_differences') }}
),

orders as (
    select * from {{ ref('unified_orders') }}
),

found as (
    select
        order_key,
        case when line_count = 0 then 'LINES_MISSING' else 'DOCUMENT_TOTAL' end as difference_kind,
        document_amount,
        lines_amount,
        0 as uncounted_line_count
    from totals
    where not is_total_met
    union all
    select
        'cashmere:' || ticket_id as order_key,
        reason_code as difference_kind,
        null as document_amount,
        null as lines_amount,
        1 as uncounted_line_count
    from uncounted_lines
    union all
    select
        'magento:' || order_id as order_key,
        'LINE_DROPPED' as difference_kind,
        null as document_amount,
        null as lines_amount,
        1 as uncounted_line_count
    from dropped_web_items
    union all
    -- Lines of one number that both count, because together they make the total.
    select
        'cashmere:' || ticket_id as order_key,
        'LINE_NUMBER_TWICE' as difference_kind,
        null as document_amount,
        null as lines_amount,
        0 as uncounted_line_count
    from chosen_lines
    where line_number <> source_line_number
    union all
    select
        order_key,
        difference_kind,
        document_amount,
        memo_amount as lines_amount,
        0 as uncounted_line_count
    from refunds
),

differences as (
    select
        order_key,
        difference_kind,
        max(document_amount) as document_amount,
        max(lines_amount) as lines_amount,
        sum(uncounted_line_count) as uncounted_line_count
    from found
    group by order_key, difference_kind
),

-- What counts nowhere needs no explanation of its amounts; its lines were still received.
final as (
    select
        cast(differences.order_key as {{ dbt.type_string() }}) as order_key,
        cast(differences.difference_kind as {{ dbt.type_string() }}) as difference_kind,
        orders.source_system,
        orders.document_type,
        orders.store_key,
        orders.currency,
        cast(
            coalesce(differences.document_amount, totals.document_amount) as decimal(18, 2)
        ) as document_amount,
        cast(coalesce(differences.lines_amount, totals.lines_amount) as decimal(18, 2))
            as lines_amount,
        cast(
            coalesce(differences.lines_amount, totals.lines_amount)
            - coalesce(differences.document_amount, totals.document_amount) as decimal(18, 2)
        ) as difference_amount,
        cast(orders.line_count as integer) as counted_line_count,
        cast(differences.uncounted_line_count as integer) as uncounted_line_count,
        orders.order_date
    from differences
    inner join orders on differences.order_key = orders.order_key
    left join totals on differences.order_key = totals.order_key
    where orders.is_valid or differences.uncounted_line_count > 0
)

select * from final
