with lines as (
    select * from {{ ref('enriched_order_lines') }}
    where is_valid and not is_after_as_of
),

orders as (
    select * from {{ ref('enriched_orders') }}
    where is_valid and not is_after_as_of
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
        sum(case when is_purchase and is_discounted then quantity else 0 end)
            as discounted_unit_count,
        sum(
            case
                when line_type = 'return' and product_kind is distinct from 'service'
                    then -1 * quantity
                else 0
            end
        ) as returned_unit_count
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

final as (
    select
        coalesce(line_days.order_date, order_days.order_date) as sales_date,
        coalesce(line_days.channel, order_days.channel) as channel,
        coalesce(line_days.store_key, order_days.store_key) as store_key,
        coalesce(line_days.employee_key, order_days.employee_key) as employee_key,
        cast(coalesce(order_days.order_count, 0) as integer) as order_count,
        cast(coalesce(order_days.identified_order_count, 0) as integer) as identified_order_count,
        cast(coalesce(order_days.customer_count, 0) as integer) as customer_count,
        cast(coalesce(order_days.new_customer_count, 0) as integer) as new_customer_count,
        cast(coalesce(line_days.purchased_unit_count, 0) as decimal(18, 4)) as purchased_unit_count,
        cast(coalesce(line_days.discounted_unit_count, 0) as decimal(18, 4))
            as discounted_unit_count,
        cast(coalesce(line_days.returned_unit_count, 0) as decimal(18, 4)) as returned_unit_count,
        cast(coalesce(line_days.gross_amount, 0) as decimal(18, 2)) as gross_amount,
        cast(coalesce(line_days.discount_amount, 0) as decimal(18, 2)) as discount_amount,
        cast(coalesce(line_days.return_amount, 0) as decimal(18, 2)) as return_amount,
        cast(coalesce(line_days.net_amount, 0) as decimal(18, 2)) as net_amount,
        cast(coalesce(line_days.tax_amount, 0) as decimal(18, 2)) as tax_amount,
        cast(coalesce(order_days.shipping_amount, 0) as decimal(18, 2)) as shipping_amount,
        cast(line_days.margin_amount as decimal(18, 2)) as margin_amount
    from line_days
    full outer join order_days
        on
            line_days.order_date = order_days.order_date
            and line_days.channel = order_days.channel
            and line_days.store_key = order_days.store_key
            and line_days.employee_key = order_days.employee_key
)

select * from final
