{#- The date that a variable names (YYYY-MM-DD), or a null date where it names none. -#}
{% macro optional_date(value) -%}
    cast({{ "'" ~ value ~ "'" if value else 'null' }} as date)
{%- endmacro %}
