{#- score = 1 + how many of the four R type 7 quintile cut points lie below the value. -#}
{% macro rfm_scored_by_quantile(values_cte) -%}
cut_points as (
    select
        snapshot_month,
        measure,
        percentile_cont(0.2) within group (order by cast(measured_value as {{ double_type() }})) as cut_1,
        percentile_cont(0.4) within group (order by cast(measured_value as {{ double_type() }})) as cut_2,
        percentile_cont(0.6) within group (order by cast(measured_value as {{ double_type() }})) as cut_3,
        percentile_cont(0.8) within group (order by cast(measured_value as {{ double_type() }})) as cut_4
    from {{ values_cte }}
    group by snapshot_month, measure
),

scored_values as (
    select
        measured.snapshot_month,
        measured.measure,
        measured.measured_value,
        1
        + case when measured.measured_value > cut_points.cut_1 then 1 else 0 end
        + case when measured.measured_value > cut_points.cut_2 then 1 else 0 end
        + case when measured.measured_value > cut_points.cut_3 then 1 else 0 end
        + case when measured.measured_value > cut_points.cut_4 then 1 else 0 end as score
    from {{ values_cte }} as measured
    inner join cut_points
        on
            measured.snapshot_month = cut_points.snapshot_month
            and measured.measure = cut_points.measure
)
{%- endmacro %}
