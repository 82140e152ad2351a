with clusters as (
    select * from {{ ref('int_customer_clusters') }}
),

customers as (
    select * from {{ ref('unified_customers') }}
),

key_events as (
    select * from {{ ref('stg_habitue__golden_keys') }}
),

members as (
    select
        clusters.cluster_id,
        clusters.source_customer_key,
        row_number() over (
            partition by clusters.cluster_id
            order by customers.first_seen_date nulls last, clusters.source_customer_key
        ) as seniority
    from clusters
    inner join customers on clusters.source_customer_key = customers.source_customer_key
),

retired as (
    select distinct customer_key
    from key_events
    where event = 'retired'
),

-- A key belongs to whoever its anchor is now with; of several in a cluster the one given first
-- stays (D29).
claims as (
    select
        members.cluster_id,
        key_events.customer_key,
        key_events.anchor_source_customer_key,
        row_number() over (
            partition by members.cluster_id
            order by key_events.publication_number, members.seniority, key_events.customer_key
        ) as claim_rank
    from key_events
    inner join members on key_events.anchor_source_customer_key = members.source_customer_key
    left join retired on key_events.customer_key = retired.customer_key
    where key_events.event = 'given' and retired.customer_key is null
),

-- How many keys were ever given for a source customer: one that leaves a merged customer gets a new
-- one.
past_keys as (
    select
        anchor_source_customer_key,
        count(*) as key_count
    from key_events
    where event = 'given'
    group by anchor_source_customer_key
),

final as (
    select
        members.cluster_id,
        cast(
            coalesce(
                claims.customer_key,
                'gc_' || substr(
                    {{ dbt.hash(
                        "members.source_customer_key || '|' || cast(coalesce(past_keys.key_count, 0) as "
                        ~ dbt.type_string() ~ ")"
                    ) }}, 1, 24
                )
            ) as {{ dbt.type_string() }}
        ) as customer_key,
        cast(
            coalesce(claims.anchor_source_customer_key, members.source_customer_key)
            as {{ dbt.type_string() }}
        ) as anchor_source_customer_key,
        claims.customer_key is null as is_new_key
    from members
    left join claims on members.cluster_id = claims.cluster_id and claims.claim_rank = 1
    left join past_keys on members.source_customer_key = past_keys.anchor_source_customer_key
    where members.seniority = 1
)

select * from final
