{#- The first day of a date's month, as a date. -#}
{% macro first_of_month(date_expression) -%}
    cast(date_trunc('month', {{ date_expression }}) as date)
{%- endmacro %}
