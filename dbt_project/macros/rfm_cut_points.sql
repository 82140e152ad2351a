{#- The lowest value that earns each score, by the method that rfm_method names (D2), as CTEs that end in cut_points:
    period, measure, lowest_value_of_2 to _5, customer_count, lowest_value and highest_value. -#}
{% macro rfm_cut_points(period) -%}
    {%- set method = chosen('rfm_method', ['percent_rank', 'quantile', 'fixed']) -%}
    {%- if method == 'percent_rank' -%}
        {{ rfm_cut_points_by_percent_rank(period) }}
    {%- elif method == 'quantile' -%}
        {{ rfm_cut_points_by_quantile(period) }}
    {%- else -%}
        {{ rfm_fixed_cut_points(period) }}
    {%- endif -%}
{%- endmacro %}
