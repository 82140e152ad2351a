{% macro contested_records(source_name, entity, key, content, version=none) -%}
    {%- set version = version or 'cast(_exported_at as ' ~ dbt.type_string() ~ ')' -%}
    select
        cast('{{ source_name }}' as {{ dbt.type_string() }}) as source_system,
        cast('{{ entity }}' as {{ dbt.type_string() }}) as entity,
        cast({{ key_text(key) }} as {{ dbt.type_string() }}) as record_key,
        cast(count(*) as integer) as content_count
    from (
        select distinct {{ (key + content) | join(', ') }}
        from (
            select
                versions.*,
                coalesce({{ version }}, '') as own_version,
                max(coalesce({{ version }}, '')) over (partition by versions.{{ key | join(', versions.') }}) as newest_version
            from {{ source(source_name, entity) }} as versions
            inner join (
                select distinct {{ key | join(', ') }}
                from (
                    select {{ key | join(', ') }}
                    from {{ source(source_name, entity) }}
                    group by {{ key | join(', ') }}, {{ version }}
                    having count(*) > 1 and min(_row_hash) <> max(_row_hash)
                ) as sent_again
            ) as differing
                on {% for column in key %}versions.{{ column }} = differing.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
        ) as candidates
        where own_version = newest_version
    ) as contents
    group by {{ key | join(', ') }}
    having count(*) > 1
{%- endmacro %}
