with subscribers as (
    select * from {{ ref('stg_magento__newsletter_subscriber') }}
),

card_holders as (
    select * from {{ ref('unified_card_holders') }}
),

consents as (
    select
        case
            when customer_id is not null then 'magento:' || customer_id
            else 'magento:guest:' || email_key
        end as source_customer_key,
        'email' as contact_channel,
        subscriber_status = 'subscribed' as is_granted,
        status_changed_at as changed_at
    from subscribers
    where customer_id is not null or email_key is not null
    union all
    select
        source_customer_key,
        'email' as contact_channel,
        has_email_optin as is_granted,
        updated_at as changed_at
    from card_holders
    union all
    select
        source_customer_key,
        'sms' as contact_channel,
        has_sms_optin as is_granted,
        updated_at as changed_at
    from card_holders
    union all
    select
        source_customer_key,
        'post' as contact_channel,
        has_post_optin as is_granted,
        updated_at as changed_at
    from card_holders
),

-- The latest word counts; two at the same moment, the more restrictive (D28).
ranked as (
    select
        *,
        row_number() over (
            partition by source_customer_key, contact_channel
            order by changed_at desc nulls last, case when is_granted then 1 else 0 end
        ) as consent_rank
    from consents
    where is_granted is not null
),

final as (
    select
        cast(source_customer_key as {{ dbt.type_string() }}) as source_customer_key,
        cast(contact_channel as {{ dbt.type_string() }}) as contact_channel,
        is_granted,
        cast(changed_at as timestamp) as changed_at
    from ranked
    where consent_rank = 1
)

select * from final
