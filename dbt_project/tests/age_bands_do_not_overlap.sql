-- What:  an age that two bands claim.
-- Why:   golden_customers join the bands by age; a customer in two bands would be counted twice.
-- When rows come back: correct seeds/reference/age_bands.csv.
select
    earlier.age_band,
    later.age_band as overlapping_age_band
from {{ ref('age_bands') }} as earlier
inner join {{ ref('age_bands') }} as later
    on earlier.lowest_age < later.lowest_age and earlier.highest_age >= later.lowest_age
