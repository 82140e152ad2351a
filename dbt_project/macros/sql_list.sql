{#- Values as a list in parentheses; numbers stay numbers. -#}
{% macro sql_list(values) %}
    {%- set literals = [] -%}
    {%- for value in values -%}
        {%- do literals.append(value | string if value is number else "'" ~ value ~ "'") -%}
    {%- endfor -%}
    ({{ literals | join(', ') }})
{%- endmacro %}
