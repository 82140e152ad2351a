{#- The score of a value, from a row of rfm_thresholds; a score nobody reached has no threshold. -#}
{% macro rfm_score(measured_value, thresholds) -%}
    cast(
        1
        + case when {{ measured_value }} >= {{ thresholds }}.lowest_value_of_2 then 1 else 0 end
        + case when {{ measured_value }} >= {{ thresholds }}.lowest_value_of_3 then 1 else 0 end
        + case when {{ measured_value }} >= {{ thresholds }}.lowest_value_of_4 then 1 else 0 end
        + case when {{ measured_value }} >= {{ thresholds }}.lowest_value_of_5 then 1 else 0 end
        as integer
    )
{%- endmacro %}
