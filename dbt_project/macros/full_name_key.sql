{#- First and last name of a source customer as one key, null unless both are known. The names are ordered, since
    tills often write the last name where the first belongs: who has both exchanged has the same full name. -#}
{% macro full_name_key(first_name, last_name) -%}
case
    when {{ first_name }} <= {{ last_name }} then {{ first_name }} || ' ' || {{ last_name }}
    else {{ last_name }} || ' ' || {{ first_name }}
end
{%- endmacro %}
