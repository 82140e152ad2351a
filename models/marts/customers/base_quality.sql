with customers as (
    select * from {{ ref('golden_customers') }}
    where last_order_date is not null
),

base as (
    select
        as_of_date,
        months_since_last_order,
        status,
        ltv_net_amount,
        order_count,
        count(*) over () as base_customer_count
    from customers
    where months_since_last_order < {{ var('base_quality_window_months') }}
),

final as (
    select
        cast(as_of_date as date) as as_of_date,
        cast(months_since_last_order as integer) as months_since_last_order,
        cast(min(status) as {{ dbt.type_string() }}) as status,
        cast(count(*) as integer) as customer_count,
        {{ rate('count(*)', 'max(base_customer_count)') }} as customer_rate,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(ltv_net_amount) as decimal(18, 2)) as ltv_net_amount
    from base
    group by as_of_date, months_since_last_order
)

select * from final
