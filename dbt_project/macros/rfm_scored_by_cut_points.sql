{#- score = the highest whose lowest value (seeds/reference/rfm_fixed_cut_points.csv) is reached, else 1. -#}
{% macro rfm_scored_by_cut_points(values_cte) -%}
cut_points as (
    select * from {{ ref('rfm_fixed_cut_points') }}
),

scored_values as (
    select
        measured.snapshot_month,
        measured.measure,
        measured.measured_value,
        (
            select coalesce(max(cut_points.score), 1)
            from cut_points
            where
                cut_points.measure = measured.measure
                and cut_points.lowest_value <= measured.measured_value
        ) as score
    from {{ values_cte }} as measured
)
{%- endmacro %}
