with orders as (
    select * from {{ ref('enriched_orders') }}
    where is_held
),

lines as (
    select * from {{ ref('enriched_order_lines') }}
    where is_held
),

held_amounts as (
    select
        order_key,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(net_amount) as net_amount,
        sum(tax_amount) as tax_amount
    from lines
    group by order_key
),

final as (
    select
        orders.order_key,
        orders.source_system,
        orders.channel,
        orders.document_type,
        orders.order_number,
        orders.store_key,
        orders.store_name,
        orders.order_date,
        orders.line_count,
        cast(coalesce(held_amounts.gross_amount, 0) as decimal(18, 2)) as gross_amount,
        cast(coalesce(held_amounts.discount_amount, 0) as decimal(18, 2)) as discount_amount,
        cast(coalesce(held_amounts.net_amount, 0) as decimal(18, 2)) as net_amount,
        cast(coalesce(held_amounts.tax_amount, 0) as decimal(18, 2)) as tax_amount,
        orders.hold_reason,
        cast(
            case orders.hold_reason
                when 'before_store_opened'
                    then
                        'correct the date and send the document again, or correct the opening date '
                        || 'in the export of the stores'
                else
                    'correct the date and send the document again; if the date is right, lower '
                    || 'held_share in dbt_project.yml'
            end as {{ dbt.type_string() }}
        ) as remedy
    from orders
    left join held_amounts on orders.order_key = held_amounts.order_key
)

select * from final
