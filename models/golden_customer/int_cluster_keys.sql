with clusters as (
    select * from {{ ref('int_customer_clusters') }}
),

customers as (
    select * from {{ ref('unified_customers') }}
),

golden_keys as (
    select * from {{ ref('int_golden_keys') }}
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

-- A key belongs to whoever its anchor is now with; of several in a cluster the one given first
-- stays (D29).
claims as (
    select
        members.cluster_id,
        golden_keys.customer_key,
        golden_keys.anchor_source_customer_key,
        row_number() over (
            partition by members.cluster_id
            order by golden_keys.publication_number, members.seniority, golden_keys.customer_key
        ) as claim_rank
    from golden_keys
    inner join members on golden_keys.anchor_source_customer_key = members.source_customer_key
    where not golden_keys.is_retired
),

-- How many keys were ever given for a source customer: one that leaves a merged customer gets a new
-- one.
past_keys as (
    select
        given_source_customer_key,
        count(*) as key_count
    from golden_keys
    group by given_source_customer_key
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
    left join past_keys on members.source_customer_key = past_keys.given_source_customer_key
    where members.seniority = 1
)

select * from final
