{#- A share between two sums as decimal(18, 6), rounded half-up; null when there is nothing to divide by. -#}
{% macro rate(numerator, denominator) -%}
    {{ divide_half_up(numerator, denominator, 6) }}
{%- endmacro %}
