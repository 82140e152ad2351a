with orders as (
    select * from {{ ref('unified_orders') }}
),

exports as (
    select * from {{ ref('stg_habitue__exports') }}
    where entity in ('sales_order', 'tickets')
),

-- The data begin with the first sale, and end with the last document that counts: a day on which
-- goods only came back is a day of business too.
sales_dates as (
    select
        coalesce(min(case when is_valid_sale then order_date end), min(order_date))
            as first_data_date,
        max(order_date) as last_data_date
    from orders
    where is_valid
),

-- An export with a time of day was cut inside that day, so for its source that day is not complete
-- (D5). A source that fell silent long before the others does not hold them back; its freshness
-- check speaks up instead.
cut_days as (
    select min(cast(exports.last_exported_at as date)) as first_cut_date
    from exports
    cross join sales_dates
    where
        exports.last_exported_at > cast(cast(exports.last_exported_at as date) as timestamp)
        and cast(exports.last_exported_at as date)
        >= {{ add_days('sales_dates.last_data_date', -7) }}
),

complete as (
    select
        sales_dates.first_data_date,
        sales_dates.last_data_date,
        least(
            sales_dates.last_data_date,
            coalesce({{ add_days('cut_days.first_cut_date', -1) }}, sales_dates.last_data_date)
        ) as last_complete_date,
        {{ optional_date(var('as_of')) }} as chosen_date
    from sales_dates
    cross join cut_days
),

dated as (
    select
        *,
        cast(coalesce(chosen_date, last_complete_date, date '1970-01-01') as date) as as_of_date
    from complete
),

final as (
    select
        as_of_date,
        cast(first_data_date as date) as first_data_date,
        cast(last_data_date as date) as last_data_date,
        {{ first_of_month('first_data_date') }} as first_data_month,
        -- The last month that is over by the as-of date.
        {{ add_months(first_of_month(add_days('as_of_date', 1)), -1) }} as last_complete_month,
        chosen_date is not null as is_chosen
    from dated
)

select * from final
