with customer_keys as (
    select * from {{ ref('int_customer_keys') }}
),

final as (
    select
        source_customer_key,
        identity_rule,
        key_value,
        priority,
        holder_count,
        unusable_reason is null as is_usable,
        unusable_reason
    from customer_keys
)

select * from final
