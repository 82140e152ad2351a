{#- The score of a value by one row of rfm_limits, null without a row. A score without a threshold is not given. -#}
{% macro rfm_score(measured_value, limits, measure, period) -%}
    cast(
        case
            when {{ limits }}.{{ period }} is not null
                then
                    1
                    {%- for score in range(2, 6) %}
                    + case
                        when {{ measured_value }} >= {{ limits }}.{{ measure }}_{{ score }} then 1
                        else 0
                    end
                    {%- endfor %}
        end as integer
    )
{%- endmacro %}
