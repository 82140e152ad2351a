with tickets as (
    select * from {{ ref('stg_cashmere__tickets') }}
),

ticket_lines as (
    select * from {{ ref('stg_cashmere__ticket_lines') }}
),

-- Goods that come back count below zero, whichever sign the till wrote on a return ticket.
signed_lines as (
    select
        ticket_lines.ticket_id,
        ticket_lines.line_number,
        ticket_lines.sku,
        ticket_lines.promo_code,
        ticket_lines.original_ticket_id,
        ticket_lines.original_line_number,
        coalesce(ticket_lines.tax_rate_percent, 0) as tax_rate_percent,
        coalesce(ticket_lines.discount_incl_tax_amount, 0) as discount_incl_tax_amount,
        abs(coalesce(ticket_lines.unit_price_incl_tax_amount, 0)) as unit_price_incl_tax_amount,
        tickets.total_incl_tax_amount,
        coalesce(tickets.discount_incl_tax_amount, 0) as ticket_discount_incl_tax_amount,
        tickets.ticket_type,
        case
            when tickets.ticket_type = 'RETURN' then -1 * abs(ticket_lines.quantity)
            else ticket_lines.quantity
        end as quantity,
        case
            when tickets.ticket_type = 'RETURN' then -1 * abs(ticket_lines.line_incl_tax_amount)
            else ticket_lines.line_incl_tax_amount
        end as line_incl_tax_amount
    from ticket_lines
    inner join tickets on ticket_lines.ticket_id = tickets.ticket_id
),

ticket_sums as (
    select
        ticket_id,
        sum(line_incl_tax_amount) as lines_incl_tax_amount,
        sum(discount_incl_tax_amount) as line_discounts_incl_tax_amount
    from signed_lines
    group by ticket_id
),

-- A basket discount is what the lines hold above the ticket's total, if the ticket's discount confirms it.
measured_lines as (
    select
        signed_lines.*,
        ticket_sums.lines_incl_tax_amount,
        case
            when
                signed_lines.ticket_type = 'SALE'
                and ticket_sums.lines_incl_tax_amount > signed_lines.total_incl_tax_amount
                and abs(
                    (ticket_sums.lines_incl_tax_amount - signed_lines.total_incl_tax_amount)
                    - (
                        signed_lines.ticket_discount_incl_tax_amount
                        - ticket_sums.line_discounts_incl_tax_amount
                    )
                ) <= 0.02
                then ticket_sums.lines_incl_tax_amount - signed_lines.total_incl_tax_amount
            else 0
        end as basket_discount_amount,
        row_number() over (
            partition by signed_lines.ticket_id
            order by signed_lines.line_incl_tax_amount desc nulls last, signed_lines.line_number
        ) as amount_rank
    from signed_lines
    inner join ticket_sums on signed_lines.ticket_id = ticket_sums.ticket_id
),

-- It is spread over the lines by their amounts, to the cent; the largest line takes what rounding leaves.
shared_lines as (
    select
        measured_lines.*,
        coalesce(
            {{ divide_half_up(
                'basket_discount_amount * line_incl_tax_amount', 'lines_incl_tax_amount', 2
            ) }}, 0
        ) as basket_share_amount
    from measured_lines
),

paid_lines as (
    select
        shared_lines.*,
        quantity * unit_price_incl_tax_amount as gross_incl_tax_amount,
        line_incl_tax_amount - basket_share_amount
        - case
            when amount_rank = 1
                then
                    basket_discount_amount
                    - sum(basket_share_amount) over (partition by ticket_id)
            else 0
        end as paid_incl_tax_amount
    from shared_lines
),

taxed_lines as (
    select
        paid_lines.*,
        {{ net_of_tax('gross_incl_tax_amount', 'tax_rate_percent') }} as gross_amount,
        {{ net_of_tax('paid_incl_tax_amount', 'tax_rate_percent') }} as net_amount
    from paid_lines
),

final as (
    select
        cast(
            'cashmere:' || ticket_id || ':' || cast(line_number as {{ dbt.type_string() }})
            as {{ dbt.type_string() }}
        ) as order_line_key,
        cast('cashmere:' || ticket_id as {{ dbt.type_string() }}) as order_key,
        cast('cashmere:' || original_ticket_id as {{ dbt.type_string() }}) as original_order_key,
        cast(
            'cashmere:' || original_ticket_id || ':'
            || cast(original_line_number as {{ dbt.type_string() }}) as {{ dbt.type_string() }}
        ) as original_order_line_key,
        cast('cashmere' as {{ dbt.type_string() }}) as source_system,
        cast(sku as {{ dbt.type_string() }}) as sku,
        cast(
            case
                when quantity < 0 then 'return'
                when quantity = 0 and line_incl_tax_amount <> 0 then 'adjustment'
                else 'sale'
            end as {{ dbt.type_string() }}
        ) as line_type,
        cast(promo_code as {{ dbt.type_string() }}) as promo_code,
        cast(quantity as decimal(18, 4)) as quantity,
        cast(case when quantity = 0 then net_amount else gross_amount end as decimal(18, 2))
            as gross_amount,
        cast(net_amount as decimal(18, 2)) as net_amount,
        cast(round(paid_incl_tax_amount - net_amount, 2) as decimal(18, 2)) as tax_amount
    from taxed_lines
)

select * from final
