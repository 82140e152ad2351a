with tickets as (
    select * from {{ ref('stg_cashmere__tickets') }}
),

-- Where files disagree about a ticket's lines, its own total has chosen.
ticket_lines as (
    select
        newest.*,
        newest.line_number as source_line_number,
        1 as version_number
    from {{ ref('stg_cashmere__ticket_lines') }} as newest
    left join {{ ref('unified_chosen_readings') }} as chosen on newest.ticket_id = chosen.ticket_id
    where chosen.ticket_id is null
    union all
    select * from {{ ref('unified_chosen_lines') }}
),

-- A till writes a return with its own signs, or with none: then all that stands on it comes back.
directed_lines as (
    select
        ticket_lines.*,
        tickets.ticket_type,
        tickets.total_incl_tax_amount,
        tickets.discount_incl_tax_amount as ticket_discount_amount,
        case
            when
                tickets.ticket_type = 'RETURN'
                and min(
                    coalesce(nullif(ticket_lines.quantity, 0), ticket_lines.line_incl_tax_amount)
                ) over (partition by ticket_lines.ticket_id) >= 0
                then -1
            else 1
        end as direction
    from ticket_lines
    inner join tickets on ticket_lines.ticket_id = tickets.ticket_id
),

signed_lines as (
    select
        *,
        direction * quantity as signed_quantity,
        direction * line_incl_tax_amount as line_amount
    from directed_lines
),

summed_lines as (
    select
        *,
        sum(line_amount) over (partition by ticket_id) as lines_amount,
        sum(coalesce(discount_incl_tax_amount, 0)) over (partition by ticket_id)
            as line_discounts_amount,
        row_number() over (
            partition by ticket_id order by line_amount desc nulls last, line_number asc
        ) as amount_rank
    from signed_lines
),

measured_lines as (
    select
        *,
        case
            when ticket_type = 'RETURN' then abs(lines_amount) - abs(total_incl_tax_amount)
            else lines_amount - total_incl_tax_amount
        end as gap_amount,
        abs(ticket_discount_amount) - abs(line_discounts_amount) as unplaced_discount_amount
    from summed_lines
),

discounted_lines as (
    select
        *,
        case
            when {{ is_basket_discount(
                'gap_amount', 'unplaced_discount_amount', 'ticket_discount_amount'
            ) }} then case when ticket_type = 'RETURN' then -1 * gap_amount else gap_amount end
            else 0
        end as basket_discount_amount
    from measured_lines
),

-- It is spread over the lines by their amounts, to the cent.
shared_lines as (
    select
        discounted_lines.*,
        coalesce(
            {{ divide_half_up(
                product_of('basket_discount_amount', 'line_amount'), 'lines_amount', 2
            ) }}, 0
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
