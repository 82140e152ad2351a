with till_lines as (
    select * from {{ ref('unified_till_lines') }}
),

-- Each line loses its own tax, rounded half-up to the cent (D7).
taxed_lines as (
    select
        till_lines.*,
        {{ net_of_tax(product_of('quantity', 'unit_price_incl_tax_amount'), 'tax_rate_percent') }}
            as full_price_amount,
        {{ net_of_tax('paid_incl_tax_amount', 'tax_rate_percent') }} as net_amount
    from till_lines
),

final as (
    select
        cast(
            'cashmere:' || ticket_id || ':' || cast(line_number as {{ dbt.type_string() }})
            as {{ dbt.type_string() }}
        ) as order_line_key,
        cast('cashmere:' || ticket_id as {{ dbt.type_string() }}) as order_key,
        cast('cashmere:' || original_ticket_id as {{ dbt.type_string() }}) as original_order_key,
        cast(
            'cashmere:' || original_ticket_id || ':'
            || cast(original_line_number as {{ dbt.type_string() }}) as {{ dbt.type_string() }}
        ) as original_order_line_key,
        cast('cashmere' as {{ dbt.type_string() }}) as source_system,
        cast(sku as {{ dbt.type_string() }}) as sku,
        cast(
            case
                when quantity < 0 then 'return'
                when quantity = 0 and line_incl_tax_amount <> 0 then 'adjustment'
                else 'sale'
            end as {{ dbt.type_string() }}
        ) as line_type,
        cast(promo_code as {{ dbt.type_string() }}) as promo_code,
        quantity,
        cast(case when quantity = 0 then net_amount else full_price_amount end as decimal(18, 2))
            as gross_amount,
        cast(net_amount as decimal(18, 2)) as net_amount,
        cast(round(paid_incl_tax_amount - net_amount, 2) as decimal(18, 2)) as tax_amount
    from taxed_lines
)

select * from final
