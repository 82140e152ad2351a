{#- Finds the rules that rows of a model break, in one pass over the rows and one over the keys: a row for each broken
    rule, with its name, how many rows break it, and the key of one of them. -#}
{% test sound_rows(model, key, filled=[], pseudonyms=[], values={}, rules={}) %}

{%- set broken = {} -%}
{%- for column in key + filled -%}
    {%- do broken.update({column ~ ' is filled': column ~ ' is null'}) -%}
{%- endfor -%}
{%- for column in pseudonyms -%}
    {%- do broken.update({column ~ ' is a pseudonym': "substr(" ~ column ~ ", 1, 3) <> 'v1_'"}) -%}
{%- endfor -%}
{%- for column, known in values.items() -%}
    {%- do broken.update({column ~ ' is a known value': column ~ ' not in ' ~ sql_list(known)}) -%}
{%- endfor -%}
{%- for name, condition in rules.items() -%}
    {%- do broken.update({name: 'not coalesce(' ~ condition | trim ~ ', false)'}) -%}
{%- endfor -%}

with tested_rows as (
    select * from {{ model }}
),

broken_rows as (
    select
        *,
        {{ key_text(key) }} as tested_row_key
    from tested_rows
    where
        {{ broken.values() | join('\n        or ') }}
),

rules as (
    {% for name in broken -%}
    select {{ loop.index }} as rule_number, '{{ name }}' as rule_name
    {% if not loop.last %}union all
    {% endif -%}
    {% endfor -%}
),

broken_rules as (
    select
        rules.rule_name,
        count(*) as row_count,
        min(broken_rows.tested_row_key) as example_key
    from broken_rows
    cross join rules
    where
        case rules.rule_number
            {%- for condition in broken.values() %}
            when {{ loop.index }} then {{ condition }}
            {%- endfor %}
        end
    group by rules.rule_name
),

repeated_keys as (
    select
        {{ key | join(',\n        ') }},
        count(*) as row_count
    from tested_rows
    group by
        {{ key | join(',\n        ') }}
    having count(*) > 1
),

repeated as (
    select
        '{{ key | join(', ') }} is unique' as rule_name,
        sum(row_count) as row_count,
        min({{ key_text(key) }}) as example_key
    from repeated_keys
    having count(*) > 0
),

final as (
    select * from broken_rules
    union all
    select * from repeated
)

select * from final

{% endtest %}
