{#- A 64-bit float; dbt's own float type has 32 bits on two engines. -#}
{% macro double_type() -%}
    {{ return(adapter.dispatch('double_type', 'habitue')()) }}
{%- endmacro %}

{% macro default__double_type() -%} double precision {%- endmacro %}

{% macro spark__double_type() -%} double {%- endmacro %}
