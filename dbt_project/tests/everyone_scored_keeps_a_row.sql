-- What:  a customer with a snapshot but no scores, or the other way round.
-- Why:   scores join snapshots, thresholds and segment names; a gap in one loses customers in silence.
-- When rows come back: see which month has no threshold.
select
    snapshots.customer_key as snapshot_customer_key,
    scores.customer_key as scored_customer_key,
    coalesce(snapshots.snapshot_month, scores.snapshot_month) as snapshot_month
from {{ ref('int_customer_snapshots') }} as snapshots
full outer join {{ ref('rfm_scores') }} as scores
    on snapshots.customer_key = scores.customer_key and snapshots.snapshot_month = scores.snapshot_month
where snapshots.customer_key is null or scores.customer_key is null
