-- What:  fewer than 25 pairs in the segment map, or pairs outside 1 to 5.
-- Why:   scores join the map; a customer whose pair is missing drops out of rfm_scores without a word.
-- When rows come back: complete seeds/reference/rfm_segment_map.csv.
select count(*) as pair_count
from {{ ref('rfm_segment_map') }}
where r_score between 1 and 5 and fm_score between 1 and 5
having count(*) <> 25
