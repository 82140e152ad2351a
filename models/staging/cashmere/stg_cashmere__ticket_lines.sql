with versions_received as (
    select * from {{ source('cashmere', 'ticket_lines') }}
),

newest as (
    {{ newest_version('versions_received', key=['ticket_id', 'line_no']) }}
),

final as (
    select
        {{ ticket_line_columns() }}
    from newest
)

select * from final
