with disputed_lines as (
    select * from {{ ref('stg_cashmere__disputed_ticket_lines') }}
),

chosen as (
    select * from {{ ref('unified_chosen_readings') }}
),

read_lines as (
    select
        disputed_lines.*,
        chosen.is_repeat_kept,
        rank() over (
            partition by disputed_lines.ticket_id, disputed_lines.line_number
            order by disputed_lines.file_number desc
        ) as file_rank,
        row_number() over (
            partition by disputed_lines.ticket_id, disputed_lines.line_number
            order by disputed_lines.version_number
        ) as line_rank
    from disputed_lines
    inner join chosen
        on
            disputed_lines.ticket_id = chosen.ticket_id
            and disputed_lines.file_number >= chosen.first_file_number
            and disputed_lines.file_number <= chosen.last_file_number
),

-- Of lines that share a number the first in the file keeps it; the others follow the ticket's last.
numbered as (
    select
        *,
        max(line_number) over (partition by ticket_id) as last_line_number,
        row_number() over (
            partition by ticket_id, line_number
            order by version_number desc
        ) as repeat_rank
    from read_lines
    where file_rank = 1 and (is_repeat_kept or line_rank = 1)
),

repeats as (
    select
        *,
        sum(case when repeat_rank > 1 then 1 else 0 end) over (
            partition by ticket_id
            order by line_number, repeat_rank
            rows between unbounded preceding and current row
        ) as repeat_number
    from numbered
),

final as (
    select
        ticket_id,
        cast(
            case when repeat_rank > 1 then last_line_number + repeat_number else line_number end
            as integer
        ) as line_number,
        sku,
        label,
        quantity,
        unit_price_incl_tax_amount,
        discount_incl_tax_amount,
        tax_rate_percent,
        line_incl_tax_amount,
        promo_code,
        original_ticket_id,
        original_line_number,
        cast(line_number as integer) as source_line_number,
        version_number
    from repeats
)

select * from final
