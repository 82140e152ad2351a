{#- Whether two source customers cannot be one person (D27): other birth dates, or, unless equal birth dates vouch for
    them, other first names. A last name may change, and no exchange of first and last name is another name.
    one, other: tables with birth_date, first_name_key and name_key (of full_name_key). Never null. -#}
{% macro customers_contradict(one, other) -%}
case
    when {{ one }}.birth_date <> {{ other }}.birth_date then true
    when {{ one }}.birth_date = {{ other }}.birth_date then false
    when {{ one }}.first_name_key <> {{ other }}.first_name_key
        then coalesce({{ one }}.name_key <> {{ other }}.name_key, true)
    else false
end
{%- endmacro %}
