{#- Each distinct value of the three measures within a period, so turned that more is better, with the customers that
    have it and those that have less, as CTEs that end in placed_values. -#}
{% macro rfm_placed_values(snapshots, period) -%}
counted_values as (
    {%- for measure, value in [
        ('recency', '-1 * recency_days'), ('frequency', 'order_count'), ('monetary', 'monetary_amount')
    ] %}
    select
        {{ period }},
        '{{ measure }}' as measure,
        cast({{ value }} as decimal(18, 2)) as measured_value,
        cast(count(*) as integer) as customer_count
    from {{ snapshots }}
    group by {{ period }}, {{ value }}
    {{ '' if loop.last else 'union all' }}
    {%- endfor %}
),

placed_values as (
    select
        {{ period }},
        measure,
        measured_value,
        customer_count,
        sum(customer_count) over (
            partition by {{ period }}, measure
            order by measured_value
            rows between unbounded preceding and current row
        ) - customer_count as lower_count,
        sum(customer_count) over (partition by {{ period }}, measure) as total_count
    from counted_values
)
{%- endmacro %}
