-- Every subject has a model of its own, with these four columns; their texts stand in the seed
-- data_warning_texts.
with warned as (
    select * from {{ ref('int_unknown_member_warnings') }}
    union all
    select * from {{ ref('int_doubtful_date_warnings') }}
    union all
    select * from {{ ref('int_contested_record_warnings') }}
    union all
    select * from {{ ref('int_document_warnings') }}
    union all
    select * from {{ ref('int_silent_source_warnings') }}
),

final as (
    select
        warning_code,
        subject,
        row_count,
        example_key
    from warned
)

select * from final
