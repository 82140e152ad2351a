{#- Finds a staging model that does not hold one row for each key that its raw relation has ever brought. -#}
{% test no_key_lost(model, relation, columns) %}

with raw_keys as (
    select distinct
        {{ columns | join(',\n        ') }}
    from {{ relation }}
    where
        {{ columns | join(' is not null\n        and ') }} is not null
),

raw_count as (
    select count(*) as key_count
    from raw_keys
),

model_count as (
    select count(*) as row_count
    from {{ model }}
)

select
    raw_count.key_count,
    model_count.row_count
from raw_count
cross join model_count
where raw_count.key_count != model_count.row_count

{% endtest %}
