{#- `version` is text in canonical form (YYYY-MM-DD HH:MM:SS), so that it sorts as time does. -#}
{% macro newest_version(relation, key, version=none) -%}
    select * from (
        select
            *,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by
                    {% if version %}{{ version }} desc nulls last, {% endif %}_exported_at desc, _row_hash desc
            ) as version_rank
        from {{ relation }}
    ) as versions
    where version_rank = 1
{%- endmacro %}
