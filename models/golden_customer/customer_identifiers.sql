with customers as (
    select * from {{ ref('unified_customers') }}
),

identity_rules as (
    select * from {{ ref('identity_rules') }}
    where is_active
),

named_customers as (
    select
        *,
        first_name_key || ' ' || last_name_key as name_key
    from customers
),

-- One row per key a source customer shows; a phone counts only together with a name or a postcode
-- (D27).
keys as (
    select
        source_customer_key,
        'card' as identity_rule,
        card_key as contact_key,
        card_key as key_value
    from named_customers
    union all
    select
        source_customer_key,
        'email' as identity_rule,
        email_key as contact_key,
        email_key as key_value
    from named_customers
    union all
    select
        source_customer_key,
        'phone_and_name' as identity_rule,
        phone_key as contact_key,
        phone_key || ' ' || name_key as key_value
    from named_customers
    union all
    select
        source_customer_key,
        'phone_and_postcode' as identity_rule,
        phone_key as contact_key,
        phone_key || ' ' || postcode as key_value
    from named_customers
),

-- A shop's own telephone is nobody's, also where names or postcodes make each key's holders few.
contacts as (
    select
        contact_key,
        count(distinct source_customer_key) as contact_holder_count
    from keys
    where key_value is not null
    group by contact_key
),

shown_keys as (
    select
        keys.source_customer_key,
        keys.identity_rule,
        keys.key_value,
        identity_rules.priority,
        identity_rules.contradiction,
        contacts.contact_holder_count,
        named_customers.name_key,
        named_customers.birth_date
    from keys
    inner join identity_rules on keys.identity_rule = identity_rules.identity_rule
    inner join contacts on keys.contact_key = contacts.contact_key
    inner join named_customers on keys.source_customer_key = named_customers.source_customer_key
    where keys.key_value is not null
),

-- Holders who differ in name and in birth date are different people, so their key tells nothing.
holdings as (
    select
        identity_rule,
        key_value,
        min(contradiction) as contradiction,
        count(*) as holder_count,
        max(contact_holder_count) as contact_holder_count,
        count(distinct name_key) as name_count,
        count(distinct birth_date) as birth_date_count
    from shown_keys
    group by identity_rule, key_value
),

judged as (
    select
        *,
        case
            when contact_holder_count > {{ var('identity_key_cap') }} then 'shared_by_too_many'
            when contradiction = 'name' and name_count > 1 then 'holders_contradict'
            when contradiction = 'birth_date' and birth_date_count > 1 then 'holders_contradict'
            when
                contradiction = 'name_and_birth_date' and name_count > 1 and birth_date_count > 1
                then 'holders_contradict'
        end as unusable_reason
    from holdings
),

final as (
    select
        shown_keys.source_customer_key,
        cast(shown_keys.identity_rule as {{ dbt.type_string() }}) as identity_rule,
        cast(shown_keys.key_value as {{ dbt.type_string() }}) as key_value,
        cast(shown_keys.priority as integer) as priority,
        cast(judged.holder_count as integer) as holder_count,
        judged.unusable_reason is null as is_usable,
        cast(judged.unusable_reason as {{ dbt.type_string() }}) as unusable_reason
    from shown_keys
    inner join judged
        on
            shown_keys.identity_rule = judged.identity_rule
            and shown_keys.key_value = judged.key_value
)

select * from final
