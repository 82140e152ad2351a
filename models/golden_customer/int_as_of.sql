with orders as (
    select * from {{ ref('unified_orders') }}
),

source_days as (
    select * from {{ ref('int_source_days') }}
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

-- The last day that is over in every source that still sells (D5).
complete as (
    select min(complete_date) as last_complete_date
    from source_days
    where is_selling
),

dated as (
    select
        sales_dates.*,
        {{ optional_date(var('as_of')) }} as chosen_date,
        cast(
            coalesce(
                {{ optional_date(var('as_of')) }},
                complete.last_complete_date,
                date '1970-01-01'
            ) as date
        ) as as_of_date
    from sales_dates
    cross join complete
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
