{#- Connected components of a graph of nodes that share keys, as CTEs: repeated minimum-label passes. In each
    pass every key takes the least label of its nodes, all nodes of one label the least of their keys', and then that
    label's own label. Groups move as a whole, so that a chain in any order shrinks by a factor with each pass: 8 passes
    join 300 nodes. The last CTE is component_labels (node_id, label_id).
    nodes: CTE with node_id (an integer); edges: CTE with node_id, key_id. A test proves that the passes sufficed. -#}
{% macro connected_components(nodes, edges, passes) -%}
pass_0 as (
    select
        node_id,
        node_id as label_id
    from {{ nodes }}
),
{% for number in range(1, passes + 1) %}
spread_{{ number }} as (
    select
        labelled_edges.node_id,
        min(min(key_labels.label_id)) over (partition by labelled_edges.label_id) as label_id
    from (
        select
            edges.node_id,
            edges.key_id,
            labels.label_id
        from {{ edges }} as edges
        inner join pass_{{ number - 1 }} as labels on edges.node_id = labels.node_id
    ) as labelled_edges
    inner join (
        select
            edges.key_id,
            min(labels.label_id) as label_id
        from {{ edges }} as edges
        inner join pass_{{ number - 1 }} as labels on edges.node_id = labels.node_id
        group by edges.key_id
    ) as key_labels on labelled_edges.key_id = key_labels.key_id
    group by labelled_edges.node_id, labelled_edges.label_id
),

pass_{{ number }} as (
    select
        spread.node_id,
        jumped.label_id
    from spread_{{ number }} as spread
    inner join spread_{{ number }} as jumped on spread.label_id = jumped.node_id
),
{% endfor %}
component_labels as (
    select
        node_id,
        label_id
    from pass_{{ passes }}
)
{%- endmacro %}
