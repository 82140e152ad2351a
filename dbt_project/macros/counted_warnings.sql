{#- What is in doubt, one row each (warning_code, subject, example_key), as one row for each code and subject. -#}
{% macro counted_warnings(warned) -%}
    select
        cast(warning_code as {{ dbt.type_string() }}) as warning_code,
        cast(subject as {{ dbt.type_string() }}) as subject,
        cast(count(*) as bigint) as row_count,
        cast(min(example_key) as {{ dbt.type_string() }}) as example_key
    from {{ warned }}
    group by warning_code, subject
{%- endmacro %}
