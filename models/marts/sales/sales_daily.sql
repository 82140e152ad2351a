{{ config(meta={'indexes': [['store_key', 'sales_date'], ['sales_date']]}) }}
with days as (
    select * from {{ ref('int_sales_days') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- A day without sales still shows when the day before or the same weekday a year earlier had some
-- (D37).
spine as (
    select
        sales_date,
        channel,
        store_key,
        employee_key
    from days
    union
    select
        {{ add_days('sales_date', 1) }} as sales_date,
        channel,
        store_key,
        employee_key
    from days
    union
    select
        {{ add_days('sales_date', 364) }} as sales_date,
        channel,
        store_key,
        employee_key
    from days
),

final as (
    select
        spine.sales_date,
        spine.channel,
        spine.store_key,
        spine.employee_key,
        cast(coalesce(today.order_count, 0) as integer) as order_count,
        cast(coalesce(today.identified_order_count, 0) as integer) as identified_order_count,
        cast(coalesce(today.customer_count, 0) as integer) as customer_count,
        cast(coalesce(today.new_customer_count, 0) as integer) as new_customer_count,
        cast(coalesce(today.purchased_unit_count, 0) as decimal(18, 4)) as purchased_unit_count,
        cast(coalesce(today.discounted_unit_count, 0) as decimal(18, 4)) as discounted_unit_count,
        cast(coalesce(today.returned_unit_count, 0) as decimal(18, 4)) as returned_unit_count,
        cast(coalesce(today.gross_amount, 0) as decimal(18, 2)) as gross_amount,
        cast(coalesce(today.discount_amount, 0) as decimal(18, 2)) as discount_amount,
        cast(coalesce(today.return_amount, 0) as decimal(18, 2)) as return_amount,
        cast(coalesce(today.net_amount, 0) as decimal(18, 2)) as net_amount,
        cast(coalesce(today.tax_amount, 0) as decimal(18, 2)) as tax_amount,
        cast(coalesce(today.shipping_amount, 0) as decimal(18, 2)) as shipping_amount,
        today.margin_amount,
        {{ divide_half_up('today.gross_amount - today.discount_amount', 'today.order_count', 2) }}
            as average_ticket_amount,
        {{ divide_half_up('today.purchased_unit_count', 'today.order_count', 4) }}
            as average_basket_unit_count,
        cast(coalesce(previous_day.order_count, 0) as integer) as previous_day_order_count,
        cast(coalesce(previous_day.purchased_unit_count, 0) as decimal(18, 4))
            as previous_day_purchased_unit_count,
        cast(coalesce(previous_day.net_amount, 0) as decimal(18, 2)) as previous_day_net_amount,
        cast(coalesce(previous_year.order_count, 0) as integer) as previous_year_order_count,
        cast(coalesce(previous_year.purchased_unit_count, 0) as decimal(18, 4))
            as previous_year_purchased_unit_count,
        cast(coalesce(previous_year.net_amount, 0) as decimal(18, 2)) as previous_year_net_amount,
        spine.sales_date > as_of.first_data_date as has_previous_day,
        spine.sales_date >= {{ add_days('as_of.first_data_date', 364) }} as has_previous_year
    from spine
    cross join as_of
    left join days as today
        on
            spine.sales_date = today.sales_date
            and spine.channel = today.channel
            and spine.store_key = today.store_key
            and spine.employee_key = today.employee_key
    left join days as previous_day
        on
            spine.sales_date = {{ add_days('previous_day.sales_date', 1) }}
            and spine.channel = previous_day.channel
            and spine.store_key = previous_day.store_key
            and spine.employee_key = previous_day.employee_key
    left join days as previous_year
        on
            spine.sales_date = {{ add_days('previous_year.sales_date', 364) }}
            and spine.channel = previous_year.channel
            and spine.store_key = previous_year.store_key
            and spine.employee_key = previous_year.employee_key
    where spine.sales_date <= as_of.as_of_date
)

select * from final
