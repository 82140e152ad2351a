with disputed_lines as (
    select * from {{ ref('stg_cashmere__disputed_ticket_lines') }}
),

chosen as (
    select * from {{ ref('unified_chosen_readings') }}
),

counted_lines as (
    select * from {{ ref('unified_chosen_lines') }}
),

counted_numbers as (
    select
        counted_lines.ticket_id,
        counted_lines.source_line_number,
        max(disputed_lines.file_number) as file_number
    from counted_lines
    inner join disputed_lines
        on
            counted_lines.ticket_id = disputed_lines.ticket_id
            and counted_lines.source_line_number = disputed_lines.line_number
            and counted_lines.version_number = disputed_lines.version_number
    group by counted_lines.ticket_id, counted_lines.source_line_number
),

-- A line that counts because another file has it alike is not lost, nor is one that a later file
-- corrected.
left_out as (
    select
        disputed_lines.*,
        case
            when disputed_lines.file_number = counted_numbers.file_number then 'LINE_NUMBER_TWICE'
            when disputed_lines.file_number > chosen.last_file_number then 'LINES_OF_OTHER_VERSION'
            else 'LINE_DROPPED'
        end as reason_code
    from disputed_lines
    inner join chosen on disputed_lines.ticket_id = chosen.ticket_id
    left join counted_lines
        on
            disputed_lines.ticket_id = counted_lines.ticket_id
            and disputed_lines.line_number = counted_lines.source_line_number
            and disputed_lines.quantity = counted_lines.quantity
            and disputed_lines.line_incl_tax_amount = counted_lines.line_incl_tax_amount
            and coalesce(disputed_lines.sku, '') = coalesce(counted_lines.sku, '')
    left join counted_numbers
        on
            disputed_lines.ticket_id = counted_numbers.ticket_id
            and disputed_lines.line_number = counted_numbers.source_line_number
    where
        counted_lines.ticket_id is null
        and (
            counted_numbers.ticket_id is null
            or disputed_lines.file_number >= counted_numbers.file_number
        )
),

-- A line that several files brought is named once, as the newest of them had it.
ranked as (
    select
        *,
        row_number() over (
            partition by
                ticket_id,
                line_number,
                reason_code,
                case when reason_code = 'LINE_NUMBER_TWICE' then version_number else 0 end
            order by version_number
        ) as mention_rank
    from left_out
),

final as (
    select
        ticket_id,
        line_number,
        version_number,
        cast(reason_code as {{ dbt.type_string() }}) as reason_code,
        sku,
        quantity,
        line_incl_tax_amount
    from ranked
    where mention_rank = 1
)

select * from final
