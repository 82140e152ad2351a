with customers as (
    select * from {{ ref('unified_customers') }}
),

identifiers as (
    select * from {{ ref('customer_identifiers') }}
    where is_usable and holder_count > 1
),

nodes as (
    select
        source_customer_key,
        row_number() over (order by source_customer_key) as node_id
    from customers
),

shared_keys as (
    select
        identity_rule,
        key_value,
        row_number() over (order by identity_rule, key_value) as key_id
    from (
        select distinct
            identity_rule,
            key_value
        from identifiers
    ) as distinct_keys
),

edges as (
    select
        nodes.node_id,
        shared_keys.key_id
    from identifiers
    inner join nodes on identifiers.source_customer_key = nodes.source_customer_key
    inner join shared_keys
        on
            identifiers.identity_rule = shared_keys.identity_rule
            and identifiers.key_value = shared_keys.key_value
),

linked_nodes as (
    select distinct node_id from edges
),

{{ connected_components('linked_nodes', 'edges', var('identity_passes')) }},

labelled as (
    select
        nodes.source_customer_key,
        nodes.node_id,
        coalesce(component_labels.label_id, nodes.node_id) as component_id
    from nodes
    left join component_labels on nodes.node_id = component_labels.node_id
),

sized as (
    select
        *,
        count(*) over (partition by component_id) as component_size
    from labelled
),

-- A component too large to be one person is left apart and flagged (D27).
final as (
    select
        cast(source_customer_key as {{ dbt.type_string() }}) as source_customer_key,
        cast(component_id as bigint) as component_id,
        cast(component_size as integer) as component_size,
        component_size > {{ var('identity_cluster_cap') }} as is_oversized,
        cast(
            case
                when component_size > {{ var('identity_cluster_cap') }} then node_id
                else component_id
            end as bigint
        ) as cluster_id
    from sized
)

select * from final
