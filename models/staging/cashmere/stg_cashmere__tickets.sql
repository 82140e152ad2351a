with versions_received as (
    select * from {{ source('cashmere', 'tickets') }}
),

newest as (
    {{ newest_version('versions_received', key=['ticket_id'], version='updated_at') }}
),

final as (
    select
        cast(ticket_id as {{ dbt.type_string() }}) as ticket_id,
        cast(store_code as {{ dbt.type_string() }}) as store_code,
        cast(till_no as {{ dbt.type_string() }}) as till_number,
        cast(ticket_no as {{ dbt.type_string() }}) as ticket_number,
        cast(employee_code as {{ dbt.type_string() }}) as employee_code,
        cast(card_no as {{ dbt.type_string() }}) as card_key,
        cast(ticket_type as {{ dbt.type_string() }}) as ticket_type,
        cast(total_incl_tax as decimal(18, 4)) as total_incl_tax_amount,
        cast(tax_amount as decimal(18, 4)) as tax_amount,
        cast(coalesce(discount_amount, '0') as decimal(18, 4)) as discount_incl_tax_amount,
        cast(currency as {{ dbt.type_string() }}) as currency,
        cast(payment_method as {{ dbt.type_string() }}) as payment_method,
        cast(sold_at as timestamp) as sold_at_local,
        cast(updated_at as timestamp) as updated_at_local
    from newest
)

select * from final
