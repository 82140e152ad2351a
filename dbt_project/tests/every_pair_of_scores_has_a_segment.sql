-- What:  fewer than 25 pairs in the segment map, or pairs outside 1 to 5.
-- Why:   a customer whose pair is missing would have no segment.
-- When rows come back: complete seeds/reference/rfm_segment_map.csv.
select count(*) as pair_count
from {{ ref('rfm_segment_map') }}
where r_score between 1 and 5 and fm_score between 1 and 5
having count(*) <> 25
