{{ config(meta={'indexes': [['source_customer_key'], ['customer_key']]}) }}
with clusters as (
    select * from {{ ref('int_customer_clusters') }}
),

cluster_keys as (
    select * from {{ ref('int_cluster_keys') }}
),

customers as (
    select * from {{ ref('unified_customers') }}
),

ties as (
    select * from {{ ref('int_customer_ties') }}
),

tied as (
    select
        ties.one_source_customer_key as source_customer_key,
        ties.identity_rule,
        ties.priority,
        ties.is_used,
        ties.is_contradicted,
        one.cluster_id <> other.cluster_id as is_apart
    from ties
    inner join clusters as one on ties.one_source_customer_key = one.source_customer_key
    inner join clusters as other on ties.other_source_customer_key = other.source_customer_key
    union all
    select
        ties.other_source_customer_key as source_customer_key,
        ties.identity_rule,
        ties.priority,
        ties.is_used,
        ties.is_contradicted,
        one.cluster_id <> other.cluster_id as is_apart
    from ties
    inner join clusters as one on ties.one_source_customer_key = one.source_customer_key
    inner join clusters as other on ties.other_source_customer_key = other.source_customer_key
),

-- The strongest rule that ties a source customer to another of the group.
matches as (
    select
        source_customer_key,
        identity_rule,
        row_number() over (
            partition by source_customer_key
            order by priority, identity_rule
        ) as match_rank
    from tied
    where is_used
),

kept_apart as (
    select
        source_customer_key,
        case
            when max(case when is_contradicted then 1 else 0 end) = 1 then 'contradiction'
            else 'no_agreement'
        end as kept_apart_reason
    from tied
    where is_apart
    group by source_customer_key
),

cluster_sizes as (
    select
        cluster_id,
        count(*) as member_count
    from clusters
    group by cluster_id
),

explained as (
    select
        clusters.source_customer_key,
        clusters.cluster_id,
        clusters.component_size,
        clusters.is_oversized,
        cluster_sizes.member_count,
        matches.identity_rule,
        case
            when clusters.is_oversized then 'group_too_large'
            when clusters.is_contradictory then 'contradiction'
            else kept_apart.kept_apart_reason
        end as kept_apart_reason
    from clusters
    inner join cluster_sizes on clusters.cluster_id = cluster_sizes.cluster_id
    left join kept_apart on clusters.source_customer_key = kept_apart.source_customer_key
    left join matches
        on clusters.source_customer_key = matches.source_customer_key and matches.match_rank = 1
),

final as (
    select
        explained.source_customer_key,
        cluster_keys.customer_key,
        customers.source_system,
        customers.customer_kind,
        cast(
            case
                when explained.member_count > 1 then explained.identity_rule
                when explained.kept_apart_reason is not null then 'kept_apart'
                else 'alone'
            end as {{ dbt.type_string() }}
        ) as match_rule,
        cast(explained.kept_apart_reason as {{ dbt.type_string() }}) as kept_apart_reason,
        explained.component_size as cluster_size,
        explained.source_customer_key = cluster_keys.anchor_source_customer_key as is_anchor,
        explained.is_oversized as is_oversized_cluster,
        customers.first_seen_date
    from explained
    inner join cluster_keys on explained.cluster_id = cluster_keys.cluster_id
    inner join customers on explained.source_customer_key = customers.source_customer_key
)

select * from final
