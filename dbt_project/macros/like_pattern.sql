{#- A text with stars for any characters as a pattern of LIKE ... ESCAPE '!'. -#}
{% macro like_pattern(starred_text) -%}
    replace(replace(replace(replace({{ starred_text }}, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%')
{%- endmacro %}
