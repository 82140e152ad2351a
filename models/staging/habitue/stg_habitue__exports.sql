with recorded as (
    select
        *,
        {{ local_to_utc('exported_at', source_time_zone('source')) }} as stamped_at
    from {{ source('ops', 'files') }}
),

-- Headers alone have the same bytes every day, so that the second is one that was sent again, yet
-- shows that its day is over. A file with rows that was sent again shows nothing.
bare_files as (
    select distinct
        source,
        entity,
        sha256
    from recorded
    where state = 'loaded' and rows_seen = 0
),

-- A name that lies in the future proves nothing about the days until then.
final as (
    select
        cast(recorded.source as {{ dbt.type_string() }}) as source_system,
        cast(recorded.entity as {{ dbt.type_string() }}) as entity,
        cast(max(recorded.stamped_at) as timestamp) as last_exported_at
    from recorded
    left join bare_files
        on
            recorded.source = bare_files.source
            and recorded.entity = bare_files.entity
            and recorded.sha256 = bare_files.sha256
    where
        recorded.stamped_at <= {{ dbt.dateadd('day', 1, 'recorded.recorded_at') }}
        and (
            recorded.state = 'loaded'
            or (recorded.state = 'duplicate' and bare_files.sha256 is not null)
        )
    group by recorded.source, recorded.entity
)

select * from final
