-- A line that an edited document no longer has is listed with the others; nothing warns of it.
with differences as (
    select * from {{ ref('int_document_differences') }}
    where difference_kind <> 'LINE_DROPPED'
),

orphan_lines as (
    select * from {{ ref('unified_orphan_lines') }}
),

warned as (
    select
        difference_kind as warning_code,
        source_system || ' documents' as subject,
        order_key as example_key
    from differences
    union all
    select
        'DOCUMENT_MISSING' as warning_code,
        source_system || ' ' || entity as subject,
        source_line_id as example_key
    from orphan_lines
),

final as (
    {{ counted_warnings('warned') }}
)

select * from final
