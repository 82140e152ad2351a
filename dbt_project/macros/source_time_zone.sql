{#- The time zone in which a source names its exports, by the contracts (var source_time_zones); the project's for one
    that they do not list. -#}
{% macro source_time_zone(source_column) -%}
    (case {{ source_column }}
        {%- for source, time_zone in var('source_time_zones').items() %}
        when '{{ source }}' then '{{ time_zone }}'
        {%- endfor %}
        else '{{ var("project_time_zone") }}'
    end)
{%- endmacro %}
