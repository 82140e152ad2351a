-- What:  a tie that counts, whose two ends are in different groups.
-- Why:   groups are found by a fixed number of passes (identity_passes); a chain of ties longer than they reach
--        would leave one person as two customers, in silence.
-- When rows come back: raise identity_passes and build again. What is kept apart within a group is no fault.
select
    ties.one_source_customer_key,
    ties.other_source_customer_key
from {{ ref('int_customer_ties') }} as ties
inner join {{ ref('int_customer_clusters') }} as one
    on ties.one_source_customer_key = one.source_customer_key
inner join {{ ref('int_customer_clusters') }} as other
    on ties.other_source_customer_key = other.source_customer_key
where ties.is_used and one.component_id <> other.component_id
