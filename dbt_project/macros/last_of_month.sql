{#- The last day of a date's month, as a date. -#}
{% macro last_of_month(date_expression) -%}
    {{ add_days(add_months(first_of_month(date_expression), 1), -1) }}
{%- endmacro %}
