with key_events as (
    select * from {{ ref('stg_habitue__golden_keys') }}
),

card_holders as (
    select * from {{ ref('unified_card_holders') }}
),

given as (
    select
        customer_key,
        anchor_source_customer_key,
        publication_number
    from key_events
    where event = 'given'
),

moves as (
    select
        customer_key,
        anchor_source_customer_key,
        row_number() over (
            partition by customer_key
            order by publication_number desc, anchor_source_customer_key asc
        ) as recency
    from key_events
    where event = 'moved'
),

retired as (
    select distinct customer_key
    from key_events
    where event = 'retired'
),

recorded as (
    select
        given.customer_key,
        given.anchor_source_customer_key as given_source_customer_key,
        coalesce(moves.anchor_source_customer_key, given.anchor_source_customer_key)
            as recorded_source_customer_key,
        given.publication_number,
        retired.customer_key is not null as is_retired
    from given
    left join moves on given.customer_key = moves.customer_key and moves.recency = 1
    left join retired on given.customer_key = retired.customer_key
),

-- Whoever is registered first for a card takes over the key it had while it was nobody's.
-- The publication notes whom that was, so that the key stays there when an earlier holder turns up
-- (D29).
final as (
    select
        cast(recorded.customer_key as {{ dbt.type_string() }}) as customer_key,
        cast(recorded.given_source_customer_key as {{ dbt.type_string() }})
            as given_source_customer_key,
        cast(recorded.recorded_source_customer_key as {{ dbt.type_string() }})
            as recorded_source_customer_key,
        cast(
            coalesce(card_holders.source_customer_key, recorded.recorded_source_customer_key)
            as {{ dbt.type_string() }}
        ) as anchor_source_customer_key,
        cast(recorded.publication_number as bigint) as publication_number,
        recorded.is_retired
    from recorded
    left join card_holders
        on
            recorded.recorded_source_customer_key = 'cashmere:' || card_holders.card_key
            and card_holders.is_first_holder
)

select * from final
