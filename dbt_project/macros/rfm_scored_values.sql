{#- Scores 1 to 5 of measured values within each snapshot month and measure, as CTEs that end in scored_values,
    by the method that rfm_method names (D2). values_cte holds snapshot_month, measure, measured_value;
    more is better. Equal values always get equal scores. -#}
{% macro rfm_scored_values(values_cte) -%}
    {%- if var('rfm_method') == 'percent_rank' -%}
        {{ rfm_scored_by_percent_rank(values_cte) }}
    {%- elif var('rfm_method') == 'quantile' -%}
        {{ rfm_scored_by_quantile(values_cte) }}
    {%- elif var('rfm_method') == 'fixed' -%}
        {{ rfm_scored_by_cut_points(values_cte) }}
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "rfm_method is '" ~ var('rfm_method') ~ "'; use percent_rank, quantile or fixed"
        ) }}
    {%- endif -%}
{%- endmacro %}
