{#- Product of two decimals of up to 18 digits, with room for all of its own: DuckDB leaves the product of
    narrow decimals no wider than its factors and fails on 100,000 pieces at 1.00. -#}
{% macro product_of(left_factor, right_factor, left_scale=4) -%}
    (cast({{ left_factor }} as decimal(19, {{ left_scale }})) * ({{ right_factor }}))
{%- endmacro %}
