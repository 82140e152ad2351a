{#- Whether a wall-clock time happened twice in its zone: clocks were put back over it (D30). -#}
{% macro is_dst_overlap(local_timestamp, time_zone) -%}
    (
        {{ utc_by_offset(local_timestamp, time_zone, -1) }} <> {{ utc_by_offset(local_timestamp, time_zone, 1) }}
        and {{ utc_to_local(utc_by_offset(local_timestamp, time_zone, -1), time_zone) }} = {{ local_timestamp }}
        and {{ utc_to_local(utc_by_offset(local_timestamp, time_zone, 1), time_zone) }} = {{ local_timestamp }}
    )
{%- endmacro %}
