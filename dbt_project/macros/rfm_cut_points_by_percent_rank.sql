{#- score = 1 + min(4, floor(5 * customers below ÷ other customers)). What lies above every value of a lower score has
    the same customers below it as the next value seen, so the cut stands one unit above the lower score. -#}
{% macro rfm_cut_points_by_percent_rank(period) -%}
scored_values as (
    select
        *,
        1 + least(
            4, coalesce({{ integer_divide('5 * lower_count', 'nullif(total_count - 1, 0)') }}, 0)
        ) as score,
        case when measure = 'monetary' then 0.01 else 1 end as unit
    from placed_values
),

cut_points as (
    select
        {{ period }},
        measure,
        {%- for score in range(2, 6) %}
        max(case when score < {{ score }} then measured_value + unit end)
            as lowest_value_of_{{ score }},
        {%- endfor %}
        sum(customer_count) as customer_count,
        min(measured_value) as lowest_value,
        max(measured_value) as highest_value
    from scored_values
    group by {{ period }}, measure
)
{%- endmacro %}
