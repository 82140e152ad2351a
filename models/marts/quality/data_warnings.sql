with warned as (
    select * from {{ ref('int_data_warnings') }}
    union all
    select * from {{ ref('int_rfm_warnings') }}
),

texts as (
    select * from {{ ref('data_warning_texts') }}
),

final as (
    select
        warned.warning_code,
        warned.subject,
        warned.row_count,
        warned.example_key,
        cast(texts.message as {{ dbt.type_string() }}) as message,
        cast(texts.remedy as {{ dbt.type_string() }}) as remedy
    from warned
    left join texts on warned.warning_code = texts.warning_code
)

select * from final
