-- What:  a key that names a golden customer and is at the same time an alias of another.
-- Why:   a list or an audience made earlier would be read as the wrong person (D29).
-- When rows come back: the memory of golden keys is damaged; look at ops.golden_keys for a key given twice.
select
    aliases.alias_customer_key,
    aliases.customer_key
from {{ ref('customer_key_aliases') }} as aliases
inner join {{ ref('golden_customers') }} as customers
    on aliases.alias_customer_key = customers.customer_key
