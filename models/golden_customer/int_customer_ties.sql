with identifiers as (
    select * from {{ ref('customer_identifiers') }}
    where is_usable and holder_count > 1
),

customers as (
    select * from {{ ref('unified_customers') }}
),

identity_rules as (
    select * from {{ ref('identity_rules') }}
),

holders as (
    select
        identifiers.source_customer_key,
        identifiers.identity_rule,
        identifiers.key_value,
        identifiers.priority,
        identity_rules.needs_agreement,
        customers.birth_date,
        customers.first_name_key,
        {{ full_name_key('customers.first_name_key', 'customers.last_name_key') }} as name_key
    from identifiers
    inner join customers on identifiers.source_customer_key = customers.source_customer_key
    inner join identity_rules on identifiers.identity_rule = identity_rules.identity_rule
),

judged as (
    select
        one.source_customer_key as one_source_customer_key,
        other.source_customer_key as other_source_customer_key,
        one.identity_rule,
        one.key_value,
        one.priority,
        one.needs_agreement,
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
        not is_contradicted and (is_agreed or not needs_agreement) as is_used
    from judged
)

select * from final
