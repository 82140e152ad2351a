with thresholds as (
    select * from {{ ref('rfm_thresholds') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- The base month of the anchored scores: the chosen one, else the first whose window the data fill
-- and that has customers enough for fifths of them to mean something (D3); none, if no month has.
final as (
    select
        cast(
            coalesce(
                {{ first_of_month(optional_date(var('rfm_anchor_month'))) }},
                min(
                    case
                        when
                            {{ calendar_months_between(
                                'as_of.first_data_month', 'thresholds.snapshot_month'
                            ) }} >= {{ (var('rfm_window_months') or 12) - 1 }}
                            and thresholds.customer_count >= {{ var('rfm_anchor_least_customers') }}
                            then thresholds.snapshot_month
                    end
                )
            ) as date
        ) as anchor_month
    from thresholds
    cross join as_of
)

select * from final
