{#- Whether a wall-clock time never existed in its zone: clocks had been put forward over it (D30). -#}
{% macro is_dst_gap(local_timestamp, time_zone) -%}
    ({{ utc_to_local(local_to_utc(local_timestamp, time_zone), time_zone) }} <> {{ local_timestamp }})
{%- endmacro %}
