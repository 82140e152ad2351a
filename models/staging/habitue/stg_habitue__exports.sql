with files as (
    select * from {{ source('ops', 'files') }}
),

final as (
    select
        cast(source as {{ dbt.type_string() }}) as source_system,
        cast(entity as {{ dbt.type_string() }}) as entity,
        cast(max(exported_at) as timestamp) as last_exported_at
    from files
    where state = 'loaded'
    group by source, entity
)

select * from final
