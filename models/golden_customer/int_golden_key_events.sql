with cluster_keys as (
    select * from {{ ref('int_cluster_keys') }}
),

clusters as (
    select * from {{ ref('int_customer_clusters') }}
),

key_events as (
    select * from {{ ref('stg_habitue__golden_keys') }}
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

-- A key whose anchor now lives under another key has been merged away.
retired as (
    select
        key_events.customer_key,
        key_events.anchor_source_customer_key,
        'retired' as event,
        cluster_keys.customer_key as merged_into
    from key_events
    inner join clusters on key_events.anchor_source_customer_key = clusters.source_customer_key
    inner join cluster_keys on clusters.cluster_id = cluster_keys.cluster_id
    left join key_events as earlier
        on key_events.customer_key = earlier.customer_key and earlier.event = 'retired'
    where
        key_events.event = 'given'
        and earlier.customer_key is null
        and cluster_keys.customer_key <> key_events.customer_key
),

all_events as (
    select * from given
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
