with orders as (
    select * from {{ ref('unified_orders') }}
    where is_valid_sale and source_customer_key is not null
),

lines as (
    select * from {{ ref('unified_order_lines') }}
    where is_valid and source_customer_key is not null
),

identities as (
    select * from {{ ref('customer_identities') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

days as (
    {{ rfm_days('as_of') }}
),

-- Orders, and money by the day it moved (D3), on the days they count for.
moves as (
    select
        orders.source_customer_key,
        days.snapshot_date,
        1 as order_count,
        0 as net_amount,
        0 as return_amount,
        orders.order_date
    from orders
    inner join days on orders.order_date between days.window_start and days.snapshot_date
    union all
    select
        lines.source_customer_key,
        days.snapshot_date,
        0 as order_count,
        lines.net_amount,
        case when lines.line_type <> 'sale' then -1 * lines.net_amount else 0 end as return_amount,
        null as order_date
    from lines
    inner join days on lines.order_date between days.window_start and days.snapshot_date
),

windows as (
    select
        identities.customer_key,
        moves.snapshot_date,
        sum(moves.order_count) as order_count,
        sum(moves.net_amount) as net_amount,
        sum(moves.return_amount) as return_amount,
        max(moves.order_date) as last_order_date
    from moves
    inner join identities on moves.source_customer_key = identities.source_customer_key
    group by identities.customer_key, moves.snapshot_date
    having sum(moves.order_count) > 0
),

final as (
    select
        customer_key,
        snapshot_date,
        {{ snapshot_measures() }}
    from windows
)

select * from final
