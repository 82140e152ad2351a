{#- The UTC time of a wall-clock time in a named zone (D30). Built on UTC to local alone, since engines disagree
    the other way round. The offset a day before is tried first: in an overlap that is the first of the two
    times, in a gap it moves the time forward; the offset a day after serves the hours past a change. -#}
{% macro local_to_utc(local_timestamp, time_zone) -%}
    case
        when {{ utc_to_local(utc_by_offset(local_timestamp, time_zone, -1), time_zone) }} = {{ local_timestamp }}
            then {{ utc_by_offset(local_timestamp, time_zone, -1) }}
        when {{ utc_to_local(utc_by_offset(local_timestamp, time_zone, 1), time_zone) }} = {{ local_timestamp }}
            then {{ utc_by_offset(local_timestamp, time_zone, 1) }}
        else {{ utc_by_offset(local_timestamp, time_zone, -1) }}
    end
{%- endmacro %}
