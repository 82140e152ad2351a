{#- Quintiles of R's type 7 in exact decimals: the k-th lies k * (n - 1) / 5 steps above the lowest of n values. As in
    R's package rfm a cut lies 1 above the quintile and is reached by what equals it; in days, where less is better, it
    is missed by what equals it, so that the quintile itself, rounded up to whole days, still earns the better score. -#}
{% macro rfm_cut_points_by_quantile(period) -%}
neighbours as (
    select
        {{ period }},
        measure,
        {%- for k in range(1, 5) %}
        max(case when 5 * lower_count <= {{ k }} * (total_count - 1) then measured_value end)
            as below_{{ k }},
        min(
            case
                when 5 * (lower_count + customer_count - 1) >= {{ k }} * (total_count - 1)
                    then measured_value
            end
        ) as above_{{ k }},
        {%- endfor %}
        cast(max(total_count) as integer) as customer_count,
        min(measured_value) as lowest_value,
        max(measured_value) as highest_value
    from placed_values
    group by {{ period }}, measure
),

quintiles as (
    select
        *,
        {%- for k in range(1, 5) %}
        below_{{ k }}
        + cast(mod({{ k }} * (customer_count - 1), 5) * 0.2 as decimal(2, 1))
        * (above_{{ k }} - below_{{ k }}) as quintile_{{ k }}{{ '' if loop.last else ',' }}
        {%- endfor %}
    from neighbours
),

cut_points as (
    select
        {{ period }},
        measure,
        {%- for k in range(1, 5) %}
        case
            when measure = 'recency' then floor(quintile_{{ k }})
            else ceil(100 * quintile_{{ k }}) * 0.01 + 1
        end as lowest_value_of_{{ k + 1 }},
        {%- endfor %}
        customer_count,
        lowest_value,
        highest_value
    from quintiles
)
{%- endmacro %}
