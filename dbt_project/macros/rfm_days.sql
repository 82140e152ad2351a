{#- The days of RFM between month ends: the as-of day and, up to it, those that rfm_days names; with the first day of
    their window (D1). -#}
{% macro rfm_days(as_of) -%}
    select
        snapshot_date,
        {% if var('rfm_window_months') -%}
        {{ add_months(add_days('snapshot_date', 1), "-" ~ var('rfm_window_months')) }}
        {%- else -%}
        date '1900-01-01'
        {%- endif %} as window_start
    from (
        select as_of_date as snapshot_date
        from {{ as_of }}
        {%- for day in var('rfm_days') %}
        union
        select {{ optional_date(day) }} as snapshot_date
        from {{ as_of }}
        where {{ optional_date(day) }} <= as_of_date
        {%- endfor %}
    ) as days
{%- endmacro %}
