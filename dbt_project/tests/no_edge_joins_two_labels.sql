-- What:  a usable key whose holders ended up in different groups.
-- Why:   groups are found by a fixed number of passes (identity_passes); a chain of keys longer than they reach
--        would leave one person as two customers, in silence.
-- When rows come back: raise identity_passes and build again. Groups that were kept apart for their size are no fault.
with holders as (
    select
        identifiers.identity_rule,
        identifiers.key_value,
        identities.customer_key,
        identities.is_oversized_cluster
    from {{ ref('customer_identifiers') }} as identifiers
    inner join {{ ref('customer_identities') }} as identities
        on identifiers.source_customer_key = identities.source_customer_key
    where identifiers.is_usable
)

select
    identity_rule,
    key_value,
    count(distinct customer_key) as customer_count
from holders
where not is_oversized_cluster
group by identity_rule, key_value
having count(distinct customer_key) > 1
