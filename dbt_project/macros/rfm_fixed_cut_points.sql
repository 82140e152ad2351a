{#- The cut points of seeds/reference/rfm_fixed_cut_points.csv, whatever values the period has. -#}
{% macro rfm_fixed_cut_points(period) -%}
chosen_cut_points as (
    select
        measure,
        {%- for score in range(2, 6) %}
        min(case when score >= {{ score }} then lowest_value end)
            as lowest_value_of_{{ score }}{{ '' if loop.last else ',' }}
        {%- endfor %}
    from {{ ref('rfm_fixed_cut_points') }}
    group by measure
),

cut_points as (
    select
        placed_values.{{ period }},
        placed_values.measure,
        {%- for score in range(2, 6) %}
        max(chosen_cut_points.lowest_value_of_{{ score }}) as lowest_value_of_{{ score }},
        {%- endfor %}
        sum(placed_values.customer_count) as customer_count,
        min(placed_values.measured_value) as lowest_value,
        max(placed_values.measured_value) as highest_value
    from placed_values
    left join chosen_cut_points on placed_values.measure = chosen_cut_points.measure
    group by placed_values.{{ period }}, placed_values.measure
)
{%- endmacro %}
