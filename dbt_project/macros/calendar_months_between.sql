{#- Month boundaries crossed between two dates. dbt's datediff is wrong at month ends on one engine. -#}
{% macro calendar_months_between(earlier_date, later_date) -%}
    cast(
        (extract(year from {{ later_date }}) - extract(year from {{ earlier_date }})) * 12
        + extract(month from {{ later_date }}) - extract(month from {{ earlier_date }})
        as integer
    )
{%- endmacro %}
