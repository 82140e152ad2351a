with received as (
    select * from {{ ref('unified_received_documents') }}
),

stores as (
    select
        store_key,
        opened_date
    from {{ ref('unified_stores') }}
),

-- Only documents that would count are held, and only those are a measure of how many there are.
counting as (
    select
        received.order_key,
        received.source_system,
        received.store_key,
        received.order_date,
        coalesce(received.order_date < stores.opened_date, false) as is_before_opening
    from received
    left join stores on received.store_key = stores.store_key
    where received.is_valid
),

-- Where many sales precede the opening of their store, its date is what is wrong.
believed_openings as (
    select store_key
    from counting
    group by store_key
    having
        sum(case when is_before_opening then 1 else 0 end)
        <= greatest(1, count(*) * {{ var('held_share') }})
),

days as (
    select
        source_system,
        order_date,
        count(*) as document_count
    from counting
    group by source_system, order_date
),

placed_days as (
    select
        source_system,
        order_date,
        lead(order_date) over (partition by source_system order by order_date) as next_date,
        sum(document_count) over (partition by source_system order by order_date)
            as count_to_date,
        sum(document_count) over (partition by source_system) as source_count
    from days
),

-- The last day before a long gap, when no more than a few documents of the source lie before it.
far_days as (
    select
        source_system,
        max(order_date) as last_far_date
    from placed_days
    where
        {{ dbt.datediff('order_date', 'next_date', 'day') }} > {{ var('held_gap_days') }}
        and count_to_date <= greatest(1, source_count * {{ var('held_share') }})
        and source_count >= {{ var('held_least_documents') }}
    group by source_system
),

holds as (
    select
        counting.order_key,
        case
            when counting.is_before_opening and believed_openings.store_key is not null
                then 'before_store_opened'
            when counting.order_date <= far_days.last_far_date then 'far_before_others'
        end as hold_reason
    from counting
    left join believed_openings on counting.store_key = believed_openings.store_key
    left join far_days on counting.source_system = far_days.source_system
),

final as (
    select
        received.order_key,
        received.source_system,
        received.source_document_id,
        received.order_number,
        received.document_type,
        received.original_order_key,
        received.channel,
        received.store_key,
        received.employee_key,
        received.source_customer_key,
        received.order_status,
        received.payment_method,
        received.coupon_code,
        received.currency,
        received.country,
        received.city,
        received.shipping_amount,
        received.fx_rate,
        cast(holds.hold_reason as {{ dbt.type_string() }}) as hold_reason,
        received.is_valid and holds.hold_reason is null as is_valid,
        holds.hold_reason is not null as is_held,
        received.is_dst_gap,
        received.is_dst_overlap,
        received.ordered_at,
        received.ordered_at_local,
        received.order_date
    from received
    left join holds on received.order_key = holds.order_key
)

select * from final
