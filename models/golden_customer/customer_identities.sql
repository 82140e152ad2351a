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

identifiers as (
    select * from {{ ref('customer_identifiers') }}
    where is_usable and holder_count > 1
),

-- The strongest rule that ties a source customer to another of the same golden customer.
matches as (
    select
        source_customer_key,
        identity_rule,
        row_number() over (
            partition by source_customer_key
            order by priority, identity_rule, key_value
        ) as match_rank
    from identifiers
),

final as (
    select
        clusters.source_customer_key,
        cluster_keys.customer_key,
        customers.source_system,
        customers.customer_kind,
        cast(
            case
                when clusters.is_oversized then 'kept_apart'
                when clusters.component_size = 1 then 'alone'
                else matches.identity_rule
            end as {{ dbt.type_string() }}
        ) as match_rule,
        clusters.component_size as cluster_size,
        clusters.source_customer_key = cluster_keys.anchor_source_customer_key as is_anchor,
        clusters.is_oversized as is_oversized_cluster,
        customers.first_seen_date
    from clusters
    inner join cluster_keys on clusters.cluster_id = cluster_keys.cluster_id
    inner join customers on clusters.source_customer_key = customers.source_customer_key
    left join matches
        on clusters.source_customer_key = matches.source_customer_key and matches.match_rank = 1
)

select * from final
