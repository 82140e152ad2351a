with files as (
    select
        *,
        {{ local_to_utc('exported_at', source_time_zone('source')) }} as stamped_at
    from {{ source('ops', 'files') }}
    where state = 'loaded'
),

-- A name that lies in the future proves nothing about the days until then.
final as (
    select
        cast(source as {{ dbt.type_string() }}) as source_system,
        cast(entity as {{ dbt.type_string() }}) as entity,
        cast(max(stamped_at) as timestamp) as last_exported_at
    from files
    where stamped_at <= {{ dbt.dateadd('day', 1, 'recorded_at') }}
    group by source, entity
)

select * from final
