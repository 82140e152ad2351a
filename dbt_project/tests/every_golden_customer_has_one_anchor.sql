-- What:  a golden customer that no source customer anchors, or several do.
-- Why:   the key follows its anchor through merges and splits (D29); without exactly one, the next run could not
--        say where the key goes.
-- When rows come back: int_cluster_keys chose an anchor outside its cluster; publish nothing before it is mended.
select
    customers.customer_key,
    count(identities.source_customer_key) as anchor_count
from {{ ref('golden_customers') }} as customers
left join {{ ref('customer_identities') }} as identities
    on customers.customer_key = identities.customer_key and identities.is_anchor
group by customers.customer_key
having count(identities.source_customer_key) <> 1
