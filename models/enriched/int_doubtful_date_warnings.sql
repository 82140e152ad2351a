with documents as (
    select * from {{ ref('unified_documents') }}
),

stores as (
    select * from {{ ref('unified_stores') }}
),

held as (
    select
        case hold_reason
            when 'before_store_opened' then 'HELD_BEFORE_OPENING'
            else 'HELD_FAR_BEFORE'
        end as warning_code,
        source_system || ' documents' as subject,
        order_key as example_key
    from documents
    where is_held
),

-- So many precede the opening that they count: the opening is what is wrong.
doubtful_stores as (
    select distinct
        'STORE_OPENING' as warning_code,
        stores.source_system || ' stores' as subject,
        stores.store_key as example_key
    from documents
    inner join stores on documents.store_key = stores.store_key
    where documents.is_valid and documents.order_date < stores.opened_date
),

warned as (
    select * from held
    union all
    select * from doubtful_stores
),

final as (
    {{ counted_warnings('warned') }}
)

select * from final
