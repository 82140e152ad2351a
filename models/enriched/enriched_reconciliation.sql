with unified_lines as (
    select * from {{ ref('unified_order_lines') }}
),

enriched_lines as (
    select * from {{ ref('enriched_order_lines') }}
),

enriched_orders as (
    select * from {{ ref('enriched_orders') }}
),

unified_months as (
    select
        source_system,
        order_month,
        count(*) as line_count,
        sum(case when is_valid then net_amount else 0 end) as net_amount,
        sum(case when is_held then net_amount else 0 end) as held_amount
    from unified_lines
    group by source_system, order_month
),

line_months as (
    select
        source_system,
        order_month,
        count(*) as line_count,
        sum(case when is_valid then net_amount else 0 end) as net_amount,
        sum(case when is_held then net_amount else 0 end) as held_amount
    from enriched_lines
    group by source_system, order_month
),

order_months as (
    select
        source_system,
        order_month,
        sum(line_count) as line_count,
        sum(net_amount) as net_amount
    from enriched_orders
    group by source_system, order_month
),

-- Lines go in, lines and orders come out: month by month the same number and the same money, what
-- is held beside what counts.
final as (
    select
        unified_months.source_system,
        unified_months.order_month,
        cast(unified_months.line_count as bigint) as line_count,
        cast(coalesce(line_months.line_count, 0) - unified_months.line_count as bigint)
            as difference_line_count,
        cast(coalesce(order_months.line_count, 0) - unified_months.line_count as bigint)
            as difference_order_line_count,
        cast(unified_months.net_amount as decimal(18, 2)) as net_amount,
        cast(coalesce(line_months.net_amount, 0) - unified_months.net_amount as decimal(18, 2))
            as difference_line_amount,
        cast(coalesce(order_months.net_amount, 0) - unified_months.net_amount as decimal(18, 2))
            as difference_order_amount,
        cast(unified_months.held_amount as decimal(18, 2)) as held_amount,
        cast(coalesce(line_months.held_amount, 0) - unified_months.held_amount as decimal(18, 2))
            as difference_held_amount
    from unified_months
    left join line_months
        on
            unified_months.source_system = line_months.source_system
            and unified_months.order_month = line_months.order_month
    left join order_months
        on
            unified_months.source_system = order_months.source_system
            and unified_months.order_month = order_months.order_month
)

select * from final
