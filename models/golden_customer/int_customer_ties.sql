with holders as (
    select * from {{ ref('int_customer_keys') }}
    where unusable_reason is null and holder_count > 1
),

judged as (
    select
        one.source_customer_key as one_source_customer_key,
        other.source_customer_key as other_source_customer_key,
        one.identity_rule,
        one.key_value,
        one.priority,
        one.is_agreement_needed,
        {{ customers_contradict('one', 'other') }} as is_contradicted,
        coalesce(one.name_key = other.name_key, false)
        or coalesce(one.birth_date = other.birth_date, false) as is_agreed
    from holders as one
    inner join holders as other
        on
            one.identity_rule = other.identity_rule
            and one.key_value = other.key_value
            and one.source_customer_key < other.source_customer_key
),

final as (
    select
        one_source_customer_key,
        other_source_customer_key,
        identity_rule,
        key_value,
        priority,
        is_contradicted,
        not is_contradicted and (is_agreed or not is_agreement_needed) as is_used
    from judged
)

select * from final
