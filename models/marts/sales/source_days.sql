with sources as (
    select * from {{ ref('int_source_days') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

final as (
    select
        sources.source_system,
        sources.last_shown_date,
        sources.last_exported_at,
        sources.complete_date,
        as_of.as_of_date,
        sources.is_selling,
        -- A day that was asked for is held back by nobody.
        sources.is_selling
        and not as_of.is_chosen
        and sources.complete_date = as_of.as_of_date
        and (
            as_of.last_data_date > as_of.as_of_date
            or max(sources.complete_date) over (partition by as_of.as_of_date) > as_of.as_of_date
        ) as is_holding_back
    from sources
    cross join as_of
)

select * from final
