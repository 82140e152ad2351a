{#- Birthdays reached between two dates. -#}
{% macro completed_years(earlier_date, later_date) -%}
    cast(
        extract(year from {{ later_date }}) - extract(year from {{ earlier_date }})
        - case
            when extract(month from {{ later_date }}) * 100 + extract(day from {{ later_date }})
                < extract(month from {{ earlier_date }}) * 100 + extract(day from {{ earlier_date }})
                then 1
            else 0
        end
        as integer
    )
{%- endmacro %}
