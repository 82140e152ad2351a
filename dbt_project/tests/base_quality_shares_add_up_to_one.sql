-- What:  shares of the recent base that do not add up to 1, but for what rounding to six digits leaves.
-- Why:   a customer counted in two months, or in none, would shift every share of the chart.
-- When rows come back: months_since_last_order has more than one value for a customer, or a window changed half way.
select sum(customer_rate) as total_rate
from {{ ref('base_quality') }}
having abs(sum(customer_rate) - 1) > 0.00001
