-- The files of a ticket's lines, the newest first; from the tenth on they are read as one, which
-- bounds the work.
with disputed_lines as (
    select
        *,
        least(
            cast(
                dense_rank() over (partition by ticket_id order by file_number desc) as integer
            ), 10
        ) as file_place
    from {{ ref('stg_cashmere__disputed_ticket_lines') }}
),

files as (
    select
        ticket_id,
        file_place,
        min(file_number) as first_file_number,
        max(file_number) as last_file_number
    from disputed_lines
    group by ticket_id, file_place
),

-- A reading takes files that follow each other, and of each line the newest of them that holds it.
readings as (
    select
        newest.ticket_id,
        newest.file_place as newest_place,
        oldest.file_place as oldest_place,
        oldest.first_file_number,
        newest.last_file_number
    from files as newest
    inner join files as oldest
        on newest.ticket_id = oldest.ticket_id and newest.file_place <= oldest.file_place
),

read_lines as (
    select
        readings.*,
        disputed_lines.line_incl_tax_amount,
        disputed_lines.discount_incl_tax_amount,
        rank() over (
            partition by
                readings.ticket_id,
                readings.newest_place,
                readings.oldest_place,
                disputed_lines.line_number
            order by disputed_lines.file_number desc
        ) as file_rank,
        row_number() over (
            partition by
                readings.ticket_id,
                readings.newest_place,
                readings.oldest_place,
                disputed_lines.line_number
            order by disputed_lines.version_number
        ) as line_rank
    from readings
    inner join disputed_lines
        on
            readings.ticket_id = disputed_lines.ticket_id
            and disputed_lines.file_place between readings.newest_place and readings.oldest_place
),

-- Lines of one number in one file: all of them, or the later one alone.
ways as (
    select true as is_repeat_kept
    union all
    select false as is_repeat_kept
),

final as (
    select
        read_lines.ticket_id,
        read_lines.newest_place,
        read_lines.oldest_place,
        ways.is_repeat_kept,
        read_lines.first_file_number,
        read_lines.last_file_number,
        cast(sum(read_lines.line_incl_tax_amount) as decimal(18, 4)) as lines_amount,
        cast(sum(read_lines.discount_incl_tax_amount) as decimal(18, 4)) as line_discounts_amount
    from read_lines
    cross join ways
    where read_lines.file_rank = 1 and (ways.is_repeat_kept or read_lines.line_rank = 1)
    group by
        read_lines.ticket_id,
        read_lines.newest_place,
        read_lines.oldest_place,
        ways.is_repeat_kept,
        read_lines.first_file_number,
        read_lines.last_file_number
)

select * from final
