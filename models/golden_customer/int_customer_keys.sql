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
        {{ full_name_key('first_name_key', 'last_name_key') }} as name_key
    from customers
),

-- One row per key a source customer shows; a phone counts only together with the full name, the
-- birth date, or last name and postcode (D27).
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
        'phone_and_birth_date' as identity_rule,
        phone_key as contact_key,
        phone_key || ' ' || cast(birth_date as {{ dbt.type_string() }}) as key_value
    from named_customers
    union all
    select
        source_customer_key,
        'phone_and_postcode' as identity_rule,
        phone_key as contact_key,
        phone_key || ' ' || last_name_key || ' ' || postcode as key_value
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
        identity_rules.is_agreement_needed,
        contacts.contact_holder_count,
        named_customers.birth_date,
        named_customers.first_name_key,
        named_customers.name_key,
        -- What a key adds to a contact could be read from it, or guessed beside the contact.
        case
            when keys.key_value = keys.contact_key then keys.key_value
            else {{ dbt.hash('keys.key_value') }}
        end as shown_value
    from keys
    inner join identity_rules on keys.identity_rule = identity_rules.identity_rule
    inner join contacts on keys.contact_key = contacts.contact_key
    inner join named_customers on keys.source_customer_key = named_customers.source_customer_key
    where keys.key_value is not null
),

holdings as (
    select
        identity_rule,
        key_value,
        count(*) as holder_count,
        case
            when max(contact_holder_count) > {{ var('identity_key_cap') }} then 'shared_by_too_many'
        end as unusable_reason
    from shown_keys
    group by identity_rule, key_value
),

final as (
    select
        shown_keys.source_customer_key,
        cast(shown_keys.identity_rule as {{ dbt.type_string() }}) as identity_rule,
        cast(shown_keys.shown_value as {{ dbt.type_string() }}) as key_value,
        cast(shown_keys.priority as integer) as priority,
        cast(holdings.holder_count as integer) as holder_count,
        shown_keys.is_agreement_needed,
        cast(holdings.unusable_reason as {{ dbt.type_string() }}) as unusable_reason,
        shown_keys.birth_date,
        shown_keys.first_name_key,
        cast(shown_keys.name_key as {{ dbt.type_string() }}) as name_key
    from shown_keys
    inner join holdings
        on
            shown_keys.identity_rule = holdings.identity_rule
            and shown_keys.key_value = holdings.key_value
)

select * from final
