with lines as (
    select * from {{ ref('enriched_order_lines') }}
    where is_valid and not is_after_as_of
),

orders as (
    select * from {{ ref('enriched_orders') }}
    where is_valid and not is_after_as_of
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

line_days as (
    select
        order_date,
        channel,
        coalesce(store_key, 'unknown') as store_key,
        coalesce(employee_key, 'none') as employee_key,
        sum(case when line_type = 'sale' then gross_amount else 0 end) as gross_amount,
        sum(case when line_type = 'sale' then discount_amount else 0 end) as discount_amount,
        sum(case when line_type <> 'sale' then -1 * net_amount else 0 end) as return_amount,
        sum(net_amount) as net_amount,
        sum(tax_amount) as tax_amount,
        sum(margin_amount) as margin_amount,
        sum(case when is_purchase then quantity else 0 end) as purchased_unit_count,
        sum(case when is_purchase and is_discounted then quantity else 0 end) as discounted_unit_count,
        sum(case when line_type = 'return' then -1 * quantity else 0 end) as returned_unit_count
    from lines
    group by order_date, channel, coalesce(store_key, 'unknown'), coalesce(employee_key, 'none')
),

order_days as (
    select
        order_date,
        channel,
        coalesce(store_key, 'unknown') as store_key,
        coalesce(employee_key, 'none') as employee_key,
        sum(case when is_valid_sale then 1 else 0 end) as order_count,
        sum(case when is_valid_sale and is_identified then 1 else 0 end) as identified_order_count,
        count(distinct case when is_valid_sale then customer_key end) as customer_count,
        sum(case when is_first_order then 1 else 0 end) as new_customer_count,
        sum(shipping_amount) as shipping_amount
    from orders
    group by order_date, channel, coalesce(store_key, 'unknown'), coalesce(employee_key, 'none')
),

days as (
    select
        coalesce(line_days.order_date, order_days.order_date) as sales_date,
        coalesce(line_days.channel, order_days.channel) as channel,
        coalesce(line_days.store_key, order_days.store_key) as store_key,
        coalesce(line_days.employee_key, order_days.employee_key) as employee_key,
        coalesce(order_days.order_count, 0) as order_count,
        coalesce(order_days.identified_order_count, 0) as identified_order_count,
        coalesce(order_days.customer_count, 0) as customer_count,
        coalesce(order_days.new_customer_count, 0) as new_customer_count,
        coalesce(line_days.purchased_unit_count, 0) as purchased_unit_count,
        coalesce(line_days.discounted_unit_count, 0) as discounted_unit_count,
        coalesce(line_days.returned_unit_count, 0) as returned_unit_count,
        coalesce(line_days.gross_amount, 0) as gross_amount,
        coalesce(line_days.discount_amount, 0) as discount_amount,
        coalesce(line_days.return_amount, 0) as return_amount,
        coalesce(line_days.net_amount, 0) as net_amount,
        coalesce(line_days.tax_amount, 0) as tax_amount,
        coalesce(order_days.shipping_amount, 0) as shipping_amount,
        line_days.margin_amount
    from line_days
    full outer join order_days
        on
            line_days.order_date = order_days.order_date
            and line_days.channel = order_days.channel
            and line_days.store_key = order_days.store_key
            and line_days.employee_key = order_days.employee_key
),

-- A day without sales still shows when the day before or the same weekday a year earlier had some (D37).
spine as (
    select sales_date, channel, store_key, employee_key from days
    union
    select {{ add_days('sales_date', 1) }} as sales_date, channel, store_key, employee_key from days
    union
    select {{ add_days('sales_date', 364) }} as sales_date, channel, store_key, employee_key from days
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
        cast(today.margin_amount as decimal(18, 2)) as margin_amount,
        {{ divide_half_up('today.gross_amount - today.discount_amount', 'today.order_count', 2) }}
            as average_ticket_amount,
        {{ divide_half_up('today.purchased_unit_count', 'today.order_count', 4) }} as average_basket_unit_count,
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
