{#- Completed years of age on a day; null when unknown or outside the plausible range (D33). -#}
{% macro age_in_years(birth_date, on_date) -%}
    case
        when {{ completed_years(birth_date, on_date) }}
            between {{ var('age_minimum') }} and {{ var('age_maximum') }}
            then {{ completed_years(birth_date, on_date) }}
    end
{%- endmacro %}
