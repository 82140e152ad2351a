{#- The part without tax of an amount that includes it, rounded half-up to the cent; the rate is in percent (D7). -#}
{% macro net_of_tax(amount, tax_rate_percent) -%}
    {{ divide_half_up("(" ~ amount ~ ") * 100", "100 + " ~ tax_rate_percent, 2) }}
{%- endmacro %}
