{#- A layer's folder names its schema exactly; dbt's default would prefix the target's.
    On PostgreSQL the names of the published layers belong to what readers see. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
    {{- "_build" if target.type == "postgres"
        and custom_schema_name in ["golden_customer", "enriched", "marts"] }}
{%- endmacro %}
