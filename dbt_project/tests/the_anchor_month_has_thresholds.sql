-- What:  anchored scores whose base month has no snapshot.
-- Why:   without thresholds nobody has anchored scores, though a month was chosen for them.
-- When rows come back: set rfm_anchor_month to a month between the first data and the last complete month, or to null.
select anchor.anchor_month
from {{ ref('int_rfm_anchor') }} as anchor
left join {{ ref('rfm_thresholds') }} as thresholds on anchor.anchor_month = thresholds.snapshot_month
where anchor.anchor_month is not null and thresholds.snapshot_month is null
