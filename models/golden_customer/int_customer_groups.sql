with customers as (
    select * from {{ ref('unified_customers') }}
),

ties as (
    select * from {{ ref('int_customer_ties') }}
    where is_used
),

nodes as (
    select
        source_customer_key,
        birth_date,
        first_name_key,
        {{ full_name_key('first_name_key', 'last_name_key') }} as name_key,
        row_number() over (order by source_customer_key) as node_id
    from customers
),

pairs as (
    select
        one.node_id as one_node_id,
        other.node_id as other_node_id,
        row_number() over (order by one.node_id, other.node_id) as tie_id
    from ties
    inner join nodes as one on ties.one_source_customer_key = one.source_customer_key
    inner join nodes as other on ties.other_source_customer_key = other.source_customer_key
    group by one.node_id, other.node_id
),

edges as (
    select
        one_node_id as node_id,
        tie_id as key_id
    from pairs
    union all
    select
        other_node_id as node_id,
        tie_id as key_id
    from pairs
),

linked_nodes as (
    select distinct node_id from edges
),

{{ connected_components('linked_nodes', 'edges', var('identity_passes')) }},

labelled as (
    select
        nodes.*,
        coalesce(component_labels.label_id, nodes.node_id) as component_id
    from nodes
    left join component_labels on nodes.node_id = component_labels.node_id
),

final as (
    select
        cast(source_customer_key as {{ dbt.type_string() }}) as source_customer_key,
        birth_date,
        first_name_key,
        cast(name_key as {{ dbt.type_string() }}) as name_key,
        cast(node_id as bigint) as node_id,
        cast(component_id as bigint) as component_id
    from labelled
)

select * from final
