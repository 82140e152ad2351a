{#- Final columns of a table of thresholds, one row per period and measure (D2). -#}
{% macro rfm_thresholds(period) -%}
    {{ period }},
    cast(measure as {{ dbt.type_string() }}) as measure,
    cast(customer_count as integer) as customer_count,
    {%- for score in range(2, 6) %}
    cast(lowest_value_of_{{ score }} as decimal(18, 2)) as lowest_value_of_{{ score }},
    {%- endfor %}
    cast(lowest_value as decimal(18, 2)) as lowest_value,
    cast(highest_value as decimal(18, 2)) as highest_value
{%- endmacro %}
