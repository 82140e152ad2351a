{#- score = 1 + min(4, floor(5 * percent_rank)), with the percent rank's two whole numbers divided last. -#}
{% macro rfm_scored_by_percent_rank(values_cte) -%}
ranked_values as (
    select
        snapshot_month,
        measure,
        measured_value,
        rank() over (partition by snapshot_month, measure order by measured_value) as value_rank,
        count(*) over (partition by snapshot_month, measure) as value_count
    from {{ values_cte }}
),

scored_values as (
    select
        snapshot_month,
        measure,
        measured_value,
        1 + least(
            4, coalesce({{ integer_divide('5 * (value_rank - 1)', 'nullif(value_count - 1, 0)') }}, 0)
        ) as score
    from ranked_values
)
{%- endmacro %}
