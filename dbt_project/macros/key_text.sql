{#- The columns of a key as one text, for people to find the row by. -#}
{% macro key_text(columns) %}
    {%- set texts = [] -%}
    {%- for column in columns -%}
        {%- do texts.append("coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), 'empty')") -%}
    {%- endfor -%}
    {{ texts | join(" || ', ' || ") }}
{%- endmacro %}
