{#- Whole months from one date to a later one, by the project's month semantics (D11):
    complete: 31 January to 1 March is 1; calendar: it is 2, as a month-difference formula counts. -#}
{% macro months_between(earlier_date, later_date) -%}
    cast(
        {{ calendar_months_between(earlier_date, later_date) }}
        {%- if var('month_semantics') == 'complete' %}
        - case
            when extract(day from {{ later_date }}) < extract(day from {{ earlier_date }}) then 1
            else 0
        end
        {%- endif %}
        as integer
    )
{%- endmacro %}
