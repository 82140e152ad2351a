{#- A wall-clock time less the zone's offset some days away. -#}
{% macro utc_by_offset(local_timestamp, time_zone, days) -%}
    ({{ local_timestamp }} - (
        {{ utc_to_local('(' ~ dbt.dateadd('day', days, local_timestamp) ~ ')', time_zone) }}
        - ({{ dbt.dateadd('day', days, local_timestamp) }})
    ))
{%- endmacro %}
