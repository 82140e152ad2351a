with tickets as (
    select * from {{ ref('stg_cashmere__tickets') }}
),

ticket_lines as (
    select * from {{ ref('stg_cashmere__ticket_lines') }}
),

-- Goods that come back count below zero, whichever sign the till wrote on a return ticket.
signed_lines as (
    select
        ticket_lines.*,
        tickets.ticket_type,
        tickets.total_incl_tax_amount,
        coalesce(tickets.discount_incl_tax_amount, 0) as ticket_discount_amount,
        case
            when tickets.ticket_type = 'RETURN' then -1 * abs(ticket_lines.quantity)
            else ticket_lines.quantity
        end as signed_quantity,
        case
            when tickets.ticket_type = 'RETURN' then -1 * abs(ticket_lines.line_incl_tax_amount)
            else ticket_lines.line_incl_tax_amount
        end as line_amount
    from ticket_lines
    inner join tickets on ticket_lines.ticket_id = tickets.ticket_id
),

ticket_sums as (
    select
        ticket_id,
        sum(line_amount) as lines_amount,
        sum(coalesce(discount_incl_tax_amount, 0)) as line_discounts_amount
    from signed_lines
    group by ticket_id
),

measured_lines as (
    select
        signed_lines.*,
        ticket_sums.lines_amount,
        ticket_sums.lines_amount - signed_lines.total_incl_tax_amount as gap_amount,
        signed_lines.ticket_discount_amount - ticket_sums.line_discounts_amount
            as unplaced_discount_amount,
        row_number() over (
            partition by signed_lines.ticket_id
            order by signed_lines.line_amount desc nulls last, signed_lines.line_number asc
        ) as amount_rank
    from signed_lines
    inner join ticket_sums on signed_lines.ticket_id = ticket_sums.ticket_id
),

-- A basket discount is what the lines hold above the ticket's total, if the ticket's discount
-- confirms it.
discounted_lines as (
    select
        measured_lines.*,
        case
            when
                measured_lines.ticket_type = 'SALE'
                and measured_lines.gap_amount > 0
                and abs(measured_lines.gap_amount - measured_lines.unplaced_discount_amount) <= 0.02
                then measured_lines.gap_amount
            else 0
        end as basket_discount_amount
    from measured_lines
),

-- It is spread over the lines by their amounts, to the cent.
shared_lines as (
    select
        discounted_lines.*,
        coalesce(
            {{ divide_half_up('basket_discount_amount * line_amount', 'lines_amount', 2) }}, 0
        ) as basket_share_amount
    from discounted_lines
),

-- The largest line takes what rounding leaves.
final as (
    select
        ticket_id,
        line_number,
        sku,
        promo_code,
        original_ticket_id,
        original_line_number,
        cast(coalesce(tax_rate_percent, 0) as decimal(9, 4)) as tax_rate_percent,
        cast(signed_quantity as decimal(18, 4)) as quantity,
        cast(abs(coalesce(unit_price_incl_tax_amount, 0)) as decimal(18, 8))
            as unit_price_incl_tax_amount,
        cast(line_amount as decimal(18, 4)) as line_incl_tax_amount,
        cast(
            line_amount - basket_share_amount
            - case
                when amount_rank = 1
                    then
                        basket_discount_amount
                        - sum(basket_share_amount) over (partition by ticket_id)
                else 0
            end as decimal(18, 4)
        ) as paid_incl_tax_amount
    from shared_lines
)

select * from final
