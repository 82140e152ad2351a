with labelled as (
    select * from {{ ref('int_customer_groups') }}
),

components as (
    select
        component_id,
        count(*) as component_size,
        count(distinct birth_date) > 1
        or count(distinct first_name_key) > 1 as may_contradict
    from labelled
    group by component_id
),

-- A chain of ties may lead from one person to another over a record that contradicts neither.
members as (
    select labelled.*
    from labelled
    inner join components on labelled.component_id = components.component_id
    where
        components.may_contradict
        and components.component_size <= {{ var('identity_cluster_cap') }}
),

contradictory as (
    select distinct one.component_id
    from members as one
    inner join members as other on one.component_id = other.component_id
    where {{ customers_contradict('one', 'other') }}
),

namesakes as (
    select
        members.node_id,
        members.name_key,
        members.birth_date,
        min(members.node_id) over (
            partition by members.component_id, members.name_key
        ) as name_id,
        min(members.node_id) over (
            partition by members.component_id, members.name_key, members.birth_date
        ) as name_and_birth_date_id,
        min(members.birth_date) over (
            partition by members.component_id, members.name_key
        ) as first_birth_date,
        max(members.birth_date) over (
            partition by members.component_id, members.name_key
        ) as last_birth_date
    from members
    inner join contradictory on members.component_id = contradictory.component_id
),

-- In a group that contradicts itself, records of one full name stay together; where these show two
-- birth dates, those of one birth date (D27).
persons as (
    select
        node_id,
        case
            when name_key is null then node_id
            when coalesce(first_birth_date = last_birth_date, true) then name_id
            when birth_date is null then node_id
            else name_and_birth_date_id
        end as person_id
    from namesakes
),

-- A component too large to be one person is left apart and flagged.
final as (
    select
        cast(labelled.source_customer_key as {{ dbt.type_string() }}) as source_customer_key,
        cast(labelled.component_id as bigint) as component_id,
        cast(components.component_size as integer) as component_size,
        components.component_size > {{ var('identity_cluster_cap') }} as is_oversized,
        persons.node_id is not null as is_contradictory,
        cast(
            case
                when components.component_size > {{ var('identity_cluster_cap') }}
                    then labelled.node_id
                else coalesce(persons.person_id, labelled.component_id)
            end as bigint
        ) as cluster_id
    from labelled
    inner join components on labelled.component_id = components.component_id
    left join persons on labelled.node_id = persons.node_id
)

select * from final
