with source as (
    select * from {{ source('ops', 'golden_keys') }}
),

final as (
    select
        cast(customer_key as {{ dbt.type_string() }}) as customer_key,
        cast(anchor_source_customer_key as {{ dbt.type_string() }}) as anchor_source_customer_key,
        cast(event as {{ dbt.type_string() }}) as event,
        cast(merged_into as {{ dbt.type_string() }}) as merged_into,
        cast(publication_number as bigint) as publication_number
    from source
)

select * from final
