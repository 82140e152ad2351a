with cluster_keys as (
    select * from {{ ref('int_cluster_keys') }}
),

clusters as (
    select * from {{ ref('int_customer_clusters') }}
),

golden_keys as (
    select * from {{ ref('int_golden_keys') }}
),

given as (
    select
        customer_key,
        anchor_source_customer_key,
        'given' as event,
        null as merged_into
    from cluster_keys
    where is_new_key
),

-- The card that a key was given for has somebody registered for it now.
moved as (
    select
        customer_key,
        anchor_source_customer_key,
        'moved' as event,
        null as merged_into
    from golden_keys
    where anchor_source_customer_key <> recorded_source_customer_key
),

-- A key whose anchor now lives under another key has been merged away.
retired as (
    select
        golden_keys.customer_key,
        golden_keys.anchor_source_customer_key,
        'retired' as event,
        cluster_keys.customer_key as merged_into
    from golden_keys
    inner join clusters on golden_keys.anchor_source_customer_key = clusters.source_customer_key
    inner join cluster_keys on clusters.cluster_id = cluster_keys.cluster_id
    where
        not golden_keys.is_retired
        and cluster_keys.customer_key <> golden_keys.customer_key
),

all_events as (
    select * from given
    union all
    select * from moved
    union all
    select * from retired
),

final as (
    select
        cast(customer_key as {{ dbt.type_string() }}) as customer_key,
        cast(anchor_source_customer_key as {{ dbt.type_string() }}) as anchor_source_customer_key,
        cast(event as {{ dbt.type_string() }}) as event,
        cast(merged_into as {{ dbt.type_string() }}) as merged_into
    from all_events
)

select * from final
