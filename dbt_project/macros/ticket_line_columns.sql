{% macro ticket_line_columns() -%}
        cast(ticket_id as {{ dbt.type_string() }}) as ticket_id,
        cast(line_no as {{ dbt.type_int() }}) as line_number,
        cast(sku as {{ dbt.type_string() }}) as sku,
        cast(label as {{ dbt.type_string() }}) as label,
        cast(qty as decimal(18, 4)) as quantity,
        cast(unit_price_incl_tax as decimal(18, 8)) as unit_price_incl_tax_amount,
        cast(coalesce(discount_amount_incl_tax, '0') as decimal(18, 4)) as discount_incl_tax_amount,
        -- Tills write 20 or 0.2 for the same rate; no rate in use lies between 0 and 1 percent.
        cast(
            case
                when cast(tax_rate as decimal(9, 4)) < 1 then cast(tax_rate as decimal(9, 4)) * 100
                else cast(tax_rate as decimal(9, 4))
            end as decimal(9, 4)
        ) as tax_rate_percent,
        cast(line_amount_incl_tax as decimal(18, 4)) as line_incl_tax_amount,
        cast(promo_code as {{ dbt.type_string() }}) as promo_code,
        cast(original_ticket_id as {{ dbt.type_string() }}) as original_ticket_id,
        cast(original_line_no as {{ dbt.type_int() }}) as original_line_number
{%- endmacro %}
