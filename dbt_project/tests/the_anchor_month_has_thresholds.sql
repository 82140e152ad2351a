-- What:  anchored scores whose base month has no snapshot.
-- Why:   without thresholds everyone would score 1 and look lost.
-- When rows come back: set rfm_anchor_month to a month between the first data and the last complete month, or to null.
select distinct scores.anchor_month
from {{ ref('rfm_scores') }} as scores
left join {{ ref('rfm_thresholds') }} as thresholds on scores.anchor_month = thresholds.snapshot_month
where thresholds.snapshot_month is null
