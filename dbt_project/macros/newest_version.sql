{% macro newest_version(relation, key, version=none) -%}
    select * from (
        {{ ranked_versions(relation, key, version) }}
    ) as ranked
    where version_rank = 1
{%- endmacro %}
