-- What:  two records of one golden customer that cannot be one person: other birth dates, or other first names and no
--        equal birth dates.
-- Why:   over-merging mixes people's purchases and consents, and no figure shows it (D27).
-- When rows come back: int_customer_clusters merged over a contradiction; publish nothing before it is mended.
with members as (
    select
        identities.customer_key,
        identities.source_customer_key,
        customers.birth_date,
        customers.first_name_key,
        {{ full_name_key('customers.first_name_key', 'customers.last_name_key') }} as name_key
    from {{ ref('customer_identities') }} as identities
    inner join {{ ref('unified_customers') }} as customers
        on identities.source_customer_key = customers.source_customer_key
)

select
    one.source_customer_key as one_source_customer_key,
    other.source_customer_key as other_source_customer_key
from members as one
inner join members as other
    on one.customer_key = other.customer_key and one.source_customer_key < other.source_customer_key
where {{ customers_contradict('one', 'other') }}
