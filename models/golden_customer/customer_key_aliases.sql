with golden_keys as (
    select * from {{ ref('int_golden_keys') }}
),

identities as (
    select * from {{ ref('customer_identities') }}
),

-- An old key leads to whoever its anchor is with today, however many merges lie between.
final as (
    select
        golden_keys.customer_key as alias_customer_key,
        identities.customer_key
    from golden_keys
    inner join identities
        on golden_keys.anchor_source_customer_key = identities.source_customer_key
    where golden_keys.customer_key <> identities.customer_key
)

select * from final
