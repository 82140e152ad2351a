{#- The value of a variable that must be one of a few words. -#}
{% macro chosen(variable, words) -%}
    {%- if var(variable) not in words -%}
        {{ exceptions.raise_compiler_error(
            variable ~ " is '" ~ var(variable) ~ "'; use " ~ words | join(' or ')
        ) }}
    {%- endif -%}
    {{ var(variable) }}
{%- endmacro %}
