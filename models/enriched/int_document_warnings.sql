-- A line that an edited document no longer has is listed with the others; nothing warns of it.
with differences as (
    select * from {{ ref('int_document_differences') }}
    where difference_kind <> 'LINE_DROPPED'
),

final as (
    select
        cast(difference_kind as {{ dbt.type_string() }}) as warning_code,
        cast(source_system || ' documents' as {{ dbt.type_string() }}) as subject,
        cast(count(*) as bigint) as row_count,
        cast(min(order_key) as {{ dbt.type_string() }}) as example_key
    from differences
    group by difference_kind, source_system
)

select * from final
