{#- `version` is text in canonical form (YYYY-MM-DD HH:MM:SS), so that it sorts as time does. Of two files of one
    time the longer name is the later (x_20260301.csv.gz after x_20260301.csv), and a name delivered again comes last:
    which file was loaded first decides nothing. -#}
{% macro ranked_versions(relation, key, version=none) -%}
    select
        versions.*,
        files.file_number,
        row_number() over (
            partition by {{ key | join(', ') }}
            order by
                {% if version %}{{ version }} desc nulls last, {% endif %}
                versions._exported_at desc nulls last, files.file_number desc nulls last, versions._line_no desc nulls last
        ) as version_rank
    from {{ relation }} as versions
    left join (
        select
            file_id,
            row_number() over (order by exported_at nulls first, length(file_name), file_name, file_id) as file_number
        from {{ source('ops', 'files') }}
    ) as files on versions._file_id = files.file_id
{%- endmacro %}
