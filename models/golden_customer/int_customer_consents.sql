with consents as (
    select * from {{ ref('unified_consents') }}
),

identities as (
    select * from {{ ref('customer_identities') }}
),

-- The latest word of any of a person's records counts; on a tie the more restrictive (D28).
ranked as (
    select
        identities.customer_key,
        consents.contact_channel,
        consents.is_granted,
        row_number() over (
            partition by identities.customer_key, consents.contact_channel
            order by
                consents.changed_at desc nulls last,
                case when consents.is_granted then 1 else 0 end,
                consents.source_customer_key asc
        ) as consent_rank
    from consents
    inner join identities on consents.source_customer_key = identities.source_customer_key
),

final as (
    select
        customer_key,
        bool_or(contact_channel = 'email' and is_granted) as has_email_consent,
        bool_or(contact_channel = 'sms' and is_granted) as has_sms_consent,
        bool_or(contact_channel = 'post' and is_granted) as has_post_consent
    from ranked
    where consent_rank = 1
    group by customer_key
)

select * from final
