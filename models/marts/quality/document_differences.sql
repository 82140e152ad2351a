with differences as (
    select * from {{ ref('int_document_differences') }}
),

texts as (
    select * from {{ ref('data_warning_texts') }}
),

final as (
    select
        differences.order_key,
        differences.difference_kind,
        differences.source_system,
        differences.document_type,
        differences.store_key,
        differences.currency,
        differences.document_amount,
        differences.lines_amount,
        differences.difference_amount,
        differences.counted_line_count,
        differences.uncounted_line_count,
        cast(texts.message as {{ dbt.type_string() }}) as reason,
        differences.order_date
    from differences
    left join texts on differences.difference_kind = texts.warning_code
)

select * from final
