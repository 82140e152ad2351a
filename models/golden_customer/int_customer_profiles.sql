with customers as (
    select * from {{ ref('unified_customers') }}
),

identities as (
    select * from {{ ref('customer_identities') }}
),

members as (
    select
        identities.customer_key,
        customers.source_customer_key,
        customers.source_system,
        customers.email_key,
        customers.phone_key,
        customers.birth_date,
        nullif(customers.gender, 'unknown') as gender,
        customers.city,
        customers.postcode,
        customers.country,
        customers.home_store_key,
        customers.registered_date,
        customers.last_seen_at,
        -- A till's staff see the person, so the store outranks the web; then the fuller profile
        -- (D28).
        case when customers.source_system = 'cashmere' then 0 else 1 end as person_rank,
        case when customers.birth_date is null then 0 else 1 end
        + case when customers.gender = 'unknown' then 0 else 1 end
        + case when customers.city is null then 0 else 1 end
        + case when customers.postcode is null then 0 else 1 end as completeness
    from identities
    inner join customers on identities.source_customer_key = customers.source_customer_key
),

-- Each field survives on its own: the first member, in the field's order, that has a value.
survivors as (
    select
        customer_key,
        source_customer_key,
        first_value(email_key) over (
            partition by customer_key
            order by
                case when email_key is null then 1 else 0 end,
                last_seen_at desc,
                source_customer_key asc
        ) as email_key,
        first_value(phone_key) over (
            partition by customer_key
            order by
                case when phone_key is null then 1 else 0 end,
                last_seen_at desc,
                source_customer_key asc
        ) as phone_key,
        first_value(birth_date) over (
            partition by customer_key
            order by
                case when birth_date is null then 1 else 0 end,
                person_rank asc, completeness desc, last_seen_at desc, source_customer_key asc
        ) as birth_date,
        first_value(gender) over (
            partition by customer_key
            order by
                case when gender is null then 1 else 0 end,
                person_rank asc, completeness desc, last_seen_at desc, source_customer_key asc
        ) as gender,
        first_value(city) over (
            partition by customer_key
            order by
                case when city is null then 1 else 0 end, last_seen_at desc, source_customer_key asc
        ) as city,
        first_value(postcode) over (
            partition by customer_key
            order by
                case when postcode is null then 1 else 0 end,
                last_seen_at desc,
                source_customer_key asc
        ) as postcode,
        first_value(country) over (
            partition by customer_key
            order by
                case when country is null then 1 else 0 end,
                last_seen_at desc,
                source_customer_key asc
        ) as country,
        first_value(home_store_key) over (
            partition by customer_key
            order by
                case when home_store_key is null then 1 else 0 end,
                person_rank asc, last_seen_at desc, source_customer_key asc
        ) as declared_home_store_key,
        min(registered_date) over (partition by customer_key) as first_registered_date,
        count(*) over (partition by customer_key) as source_customer_count,
        row_number() over (
            partition by customer_key
            order by source_customer_key
        ) as member_number
    from members
),

final as (
    select
        customer_key,
        email_key,
        phone_key,
        birth_date,
        cast(coalesce(gender, 'unknown') as {{ dbt.type_string() }}) as gender,
        city,
        postcode,
        country,
        declared_home_store_key,
        first_registered_date,
        cast(source_customer_count as integer) as source_customer_count
    from survivors
    where member_number = 1
)

select * from final
