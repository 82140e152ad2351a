with versions_received as (
    select * from {{ source('cashmere', 'ticket_lines') }}
),

lines_received as (
    select
        ticket_id,
        line_no,
        count(*) as row_count,
        min(_file_id) as least_file_id,
        max(_file_id) as greatest_file_id,
        min(_row_hash) as least_hash,
        max(_row_hash) as greatest_hash
    from versions_received
    group by ticket_id, line_no
),

-- Where the same files brought every line, each of them alike, there is nothing to choose from.
disputed as (
    select ticket_id
    from lines_received
    group by ticket_id
    having
        max(row_count) > min(row_count)
        or max(least_file_id) > min(least_file_id)
        or max(greatest_file_id) > min(greatest_file_id)
        or max(case when least_hash <> greatest_hash then 1 else 0 end) = 1
),

disputed_lines as (
    select versions_received.*
    from versions_received
    inner join disputed on versions_received.ticket_id = disputed.ticket_id
),

ranked as (
    {{ ranked_versions('disputed_lines', key=['ticket_id', 'line_no']) }}
),

final as (
    select
        {{ ticket_line_columns() }},
        cast(version_rank as integer) as version_number,
        cast(coalesce(file_number, 0) as bigint) as file_number
    from ranked
)

select * from final
