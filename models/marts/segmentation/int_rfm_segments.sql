with segment_map as (
    select * from {{ ref('rfm_segment_map') }}
),

segment_ranges as (
    select * from {{ ref('rfm_segment_ranges') }}
),

scores as (
    select 1 as score
    union all
    select 2 as score
    union all
    select 3 as score
    union all
    select 4 as score
    union all
    select 5 as score
),

-- A segment of the map reads recency against the mean of the other two, a half rounded up (D39).
combinations as (
    select
        recency.score as r_score,
        frequency.score as f_score,
        monetary.score as m_score,
        cast({{ integer_divide('frequency.score + monetary.score + 1', '2') }} as integer)
            as fm_score
    from scores as recency
    cross join scores as frequency
    cross join scores as monetary
),

-- Of the ranges that hold a combination, the first by priority names it.
ranged as (
    select
        combinations.r_score,
        combinations.f_score,
        combinations.m_score,
        segment_ranges.rfm_segment,
        row_number() over (
            partition by combinations.r_score, combinations.f_score, combinations.m_score
            order by segment_ranges.priority
        ) as range_rank
    from combinations
    inner join segment_ranges
        on
            combinations.r_score between segment_ranges.r_min and segment_ranges.r_max
            and combinations.f_score between segment_ranges.f_min and segment_ranges.f_max
            and combinations.m_score between segment_ranges.m_min and segment_ranges.m_max
),

final as (
    select
        combinations.r_score,
        combinations.f_score,
        combinations.m_score,
        cast(
            case '{{ chosen('rfm_segment_rule', ['map', 'ranges']) }}'
                when 'map' then segment_map.rfm_segment
                else coalesce(ranged.rfm_segment, '{{ var("rfm_segment_default") }}')
            end as {{ dbt.type_string() }}
        ) as rfm_segment
    from combinations
    left join segment_map
        on
            combinations.r_score = segment_map.r_score
            and combinations.fm_score = segment_map.fm_score
    left join ranged
        on
            combinations.r_score = ranged.r_score
            and combinations.f_score = ranged.f_score
            and combinations.m_score = ranged.m_score
            and ranged.range_rank = 1
)

select * from final
