with key_events as (
    select * from {{ ref('stg_habitue__golden_keys') }}
),

identities as (
    select * from {{ ref('customer_identities') }}
),

-- An old key leads to whoever its anchor is with today, however many merges lie between.
final as (
    select distinct
        key_events.customer_key as alias_customer_key,
        identities.customer_key
    from key_events
    inner join identities
        on key_events.anchor_source_customer_key = identities.source_customer_key
    where
        key_events.event = 'given'
        and key_events.customer_key <> identities.customer_key
)

select * from final
