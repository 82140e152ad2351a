with documents as (
    select
        source_system,
        order_date,
        cast({{ utc_to_local('ordered_at', "'" ~ var('project_time_zone') ~ "'") }} as date)
            as project_date
    from {{ ref('unified_orders') }}
    where line_count > 0 and not is_held
),

exports as (
    select * from {{ ref('stg_habitue__exports') }}
    where entity in ('sales_order', 'sales_order_item', 'tickets', 'ticket_lines')
),

-- A document shows a day once it has begun in its store and in project time.
shown as (
    select
        source_system,
        max(least(order_date, project_date)) as last_shown_date
    from documents
    group by source_system
),

-- Documents and their lines come in files of their own; a day needs both.
stamped as (
    select
        source_system,
        min(last_exported_at) as last_exported_at
    from exports
    group by source_system
),

dated as (
    select
        shown.source_system,
        shown.last_shown_date,
        stamped.last_exported_at,
        cast(
            {{ utc_to_local('stamped.last_exported_at', "'" ~ var('project_time_zone') ~ "'") }}
            as date
        ) as last_stamped_date
    from shown
    left join stamped on shown.source_system = stamped.source_system
),

-- A day is over when the source has shown the day after, or when an export was made after its end
-- (D5). A name without a time of day may mean any time of that day, so that it counts as its start.
complete as (
    select
        *,
        {{ add_days(
            'greatest(last_shown_date, coalesce(last_stamped_date, last_shown_date))', -1
        ) }} as complete_date
    from dated
),

furthest as (
    select max(complete_date) as furthest_date
    from complete
),

final as (
    select
        complete.source_system,
        cast(complete.last_shown_date as date) as last_shown_date,
        cast(complete.last_exported_at as timestamp) as last_exported_at,
        complete.complete_date,
        -- Whoever fell silent long before the others is not waited for.
        {{ add_days('complete.complete_date', var('selling_silence_days')) }}
        >= furthest.furthest_date as is_selling
    from complete
    cross join furthest
)

select * from final
