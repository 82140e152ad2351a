with tickets as (
    select * from {{ ref('stg_cashmere__tickets') }}
),

stores as (
    select * from {{ ref('unified_stores') }}
),

card_holders as (
    select * from {{ ref('unified_card_holders') }}
),

status_map as (
    select * from {{ ref('order_status_map') }}
    where source_system = 'cashmere'
),

placed as (
    select
        tickets.*,
        stores.store_key,
        stores.country,
        stores.city,
        coalesce(stores.time_zone, '{{ var("project_time_zone") }}') as time_zone,
        coalesce(status_map.order_status, 'unknown') as order_status,
        coalesce(status_map.is_valid_sale, false) as is_valid,
        -- A card nobody is registered for still identifies whoever carries it.
        case
            when tickets.card_key is not null
                then coalesce(card_holders.source_customer_key, 'cashmere:' || tickets.card_key)
        end as source_customer_key
    from tickets
    left join stores on stores.store_key = 'cashmere:' || tickets.store_code
    left join status_map on tickets.ticket_type = status_map.source_state
    left join card_holders
        on
            tickets.card_key = card_holders.card_key
            and cast(tickets.sold_at_local as date) >= card_holders.holder_from_date
            and cast(tickets.sold_at_local as date) < card_holders.holder_until_date
),

-- Clock changes: a time the change skipped fits neither offset and moves forward by the earlier
-- one; a time that happened twice fits both and is taken as the first (D30).
offsets as (
    select
        placed.*,
        {{ utc_by_offset('sold_at_local', 'time_zone', -1) }} as utc_by_earlier_offset,
        {{ utc_by_offset('sold_at_local', 'time_zone', 1) }} as utc_by_later_offset
    from placed
),

round_trips as (
    select
        offsets.*,
        offsets.utc_by_earlier_offset <> offsets.utc_by_later_offset as is_near_clock_change,
        offsets.utc_by_earlier_offset <> offsets.utc_by_later_offset
        and {{ utc_to_local('utc_by_earlier_offset', 'time_zone') }}
        = offsets.sold_at_local as is_time_by_earlier_offset,
        offsets.utc_by_earlier_offset <> offsets.utc_by_later_offset
        and {{ utc_to_local('utc_by_later_offset', 'time_zone') }}
        = offsets.sold_at_local as is_time_by_later_offset
    from offsets
),

settled as (
    select
        round_trips.*,
        case
            when
                round_trips.is_time_by_later_offset and not round_trips.is_time_by_earlier_offset
                then round_trips.utc_by_later_offset
            else round_trips.utc_by_earlier_offset
        end as sold_at
    from round_trips
),

final as (
    select
        cast('cashmere:' || ticket_id as {{ dbt.type_string() }}) as order_key,
        cast('cashmere' as {{ dbt.type_string() }}) as source_system,
        cast(ticket_id as {{ dbt.type_string() }}) as source_document_id,
        cast(ticket_number as {{ dbt.type_string() }}) as order_number,
        cast(
            case
                when ticket_type = 'RETURN' then 'return' else 'order'
            end as {{ dbt.type_string() }}
        )
            as document_type,
        cast(null as {{ dbt.type_string() }}) as original_order_key,
        cast('store' as {{ dbt.type_string() }}) as channel,
        cast(store_key as {{ dbt.type_string() }}) as store_key,
        cast('cashmere:' || employee_code as {{ dbt.type_string() }}) as employee_key,
        cast(source_customer_key as {{ dbt.type_string() }}) as source_customer_key,
        cast(order_status as {{ dbt.type_string() }}) as order_status,
        is_valid,
        cast(payment_method as {{ dbt.type_string() }}) as payment_method,
        cast(null as {{ dbt.type_string() }}) as coupon_code,
        cast(currency as {{ dbt.type_string() }}) as currency,
        cast(country as {{ dbt.type_string() }}) as country,
        cast(city as {{ dbt.type_string() }}) as city,
        cast(0 as decimal(18, 4)) as shipping_amount,
        cast(sold_at_local as date) as rate_date,
        cast(sold_at as timestamp) as ordered_at,
        cast({{ utc_to_local('sold_at', 'time_zone') }} as timestamp) as ordered_at_local,
        cast(sold_at_local as date) as order_date,
        is_near_clock_change
        and not is_time_by_earlier_offset
        and not is_time_by_later_offset as is_dst_gap,
        is_time_by_earlier_offset and is_time_by_later_offset as is_dst_overlap
    from settled
)

select * from final
