{#- The thresholds of a period on one row: recency_2 is the lowest value of recency that earns a 2. -#}
{% macro rfm_limits(thresholds, period) -%}
    select
        {{ period }}
        {%- for measure in ['recency', 'frequency', 'monetary'] -%}
        {%- for score in range(2, 6) -%}
        ,
        max(case when measure = '{{ measure }}' then lowest_value_of_{{ score }} end)
            as {{ measure }}_{{ score }}
        {%- endfor -%}
        {%- endfor %}
    from {{ thresholds }}
    group by {{ period }}
{%- endmacro %}
