-- What:  a customer with a snapshot of a day but no scores, or the other way round.
-- Why:   scores join snapshots, thresholds and segment names; a gap in one loses customers in silence.
-- When rows come back: see which day has no threshold.
select
    snapshots.customer_key as snapshot_customer_key,
    scores.customer_key as scored_customer_key,
    coalesce(snapshots.snapshot_date, scores.snapshot_date) as snapshot_date
from {{ ref('int_customer_snapshots_on_day') }} as snapshots
full outer join {{ ref('rfm_scores_on_day') }} as scores
    on snapshots.customer_key = scores.customer_key and snapshots.snapshot_date = scores.snapshot_date
where snapshots.customer_key is null or scores.customer_key is null
