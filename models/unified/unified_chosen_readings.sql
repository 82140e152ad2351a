with readings as (
    select * from {{ ref('unified_line_readings') }}
),

tickets as (
    select * from {{ ref('stg_cashmere__tickets') }}
),

measured as (
    select
        readings.*,
        tickets.discount_incl_tax_amount as ticket_discount_amount,
        case
            when tickets.ticket_type = 'RETURN'
                then abs(readings.lines_amount) - abs(tickets.total_incl_tax_amount)
            else readings.lines_amount - tickets.total_incl_tax_amount
        end as gap_amount,
        abs(tickets.discount_incl_tax_amount) - abs(readings.line_discounts_amount)
            as unplaced_discount_amount,
        max(readings.oldest_place) over (partition by readings.ticket_id) as last_place
    from readings
    inner join tickets on readings.ticket_id = tickets.ticket_id
),

judged as (
    select
        *,
        abs(gap_amount) <= 0.02
        or {{ is_basket_discount(
            'gap_amount', 'unplaced_discount_amount', 'ticket_discount_amount'
        ) }} as is_total_met,
        newest_place = 1
        and oldest_place in (1, last_place)
        and not is_repeat_kept as is_whole
    from measured
),

-- The newest reading that makes the ticket's total is its own; where none does, the newest file
-- alone or all files together, whichever comes nearer.
ranked as (
    select
        *,
        row_number() over (
            partition by ticket_id
            order by
                case when is_total_met then 1 when is_whole then 2 else 3 end,
                case when is_total_met then 0 else abs(gap_amount) end,
                newest_place,
                oldest_place,
                case when is_repeat_kept then 1 else 2 end
        ) as reading_rank
    from judged
),

final as (
    select
        ticket_id,
        first_file_number,
        last_file_number,
        is_repeat_kept,
        is_total_met
    from ranked
    where reading_rank = 1
)

select * from final
