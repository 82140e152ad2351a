with snapshots as (
    select * from {{ ref('int_customer_snapshots') }}
),

-- Each measure so turned that more is better: recency counts below zero.
measured as (
    select
        snapshot_month,
        'recency' as measure,
        cast(-1 * recency_days as decimal(18, 2)) as measured_value
    from snapshots
    union all
    select
        snapshot_month,
        'frequency' as measure,
        cast(order_count as decimal(18, 2)) as measured_value
    from snapshots
    union all
    select
        snapshot_month,
        'monetary' as measure,
        cast(net_amount as decimal(18, 2)) as measured_value
    from snapshots
),

{{ rfm_scored_values('measured') }},

-- The lowest value that earns at least each score; null where nobody reached it.
final as (
    select
        snapshot_month,
        cast(measure as {{ dbt.type_string() }}) as measure,
        cast(count(*) as integer) as customer_count,
        cast(min(case when score >= 2 then measured_value end) as decimal(18, 2))
            as lowest_value_of_2,
        cast(min(case when score >= 3 then measured_value end) as decimal(18, 2))
            as lowest_value_of_3,
        cast(min(case when score >= 4 then measured_value end) as decimal(18, 2))
            as lowest_value_of_4,
        cast(min(case when score >= 5 then measured_value end) as decimal(18, 2))
            as lowest_value_of_5,
        cast(min(measured_value) as decimal(18, 2)) as lowest_value,
        cast(max(measured_value) as decimal(18, 2)) as highest_value
    from scored_values
    group by snapshot_month, measure
)

select * from final
