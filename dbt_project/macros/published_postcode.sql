{#- What of a customer's postcode readers see: all of it, its first two characters (the department, province or region in
    most countries), or nothing. -#}
{% macro published_postcode(postcode) -%}
    {%- set forms = {"full": postcode, "region": "substr(upper(" ~ postcode ~ "), 1, 2)", "none": "null"} -%}
    cast({{ forms[var("published_postcode")] }} as {{ dbt.type_string() }})
{%- endmacro %}
