{#- One level of a path such as 'Women/Bras/Plunge'; null when the path is shorter. -#}
{% macro path_part(path, level) -%}
    case
        when length({{ path }}) - length(replace({{ path }}, '/', '')) + 1 >= {{ level }}
            then cast(trim(split_part({{ path }}, '/', {{ level }})) as {{ dbt.type_string() }})
    end
{%- endmacro %}
