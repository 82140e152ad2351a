{#- A date some whole months later (or earlier), as a date; a day the month lacks becomes its last. -#}
{% macro add_months(date_expression, months) -%}
    cast({{ dbt.dateadd('month', months, date_expression) }} as date)
{%- endmacro %}
