-- Ticket lines are left out: of these the ticket's total decides (unified_line_readings).
with contested as (
    {{ contested_records(
        'cashmere', 'tickets', key=['ticket_id'], version='updated_at',
        content=[
            'store_code', 'till_no', 'ticket_no', 'sold_at', 'employee_code', 'card_no',
            'ticket_type', 'total_incl_tax', 'tax_amount', 'discount_amount', 'currency',
            'payment_method'
        ]
    ) }}
    union all
    {{ contested_records(
        'cashmere', 'customers', key=['card_no', 'created_on'], version='updated_at',
        content=[
            'title', 'first_name', 'last_name', 'birth_date', 'email', 'mobile', 'postcode',
            'city', 'country', 'home_store_code', 'email_optin', 'sms_optin', 'post_optin'
        ]
    ) }}
    union all
    {{ contested_records(
        'cashmere', 'products', key=['sku'], version='updated_at',
        content=[
            'ean', 'label', 'family', 'subfamily', 'brand', 'collection', 'size', 'colour',
            'price_incl_tax', 'cost'
        ]
    ) }}
    union all
    {{ contested_records(
        'cashmere', 'stores', key=['store_code'],
        content=[
            'name', 'city', 'postcode', 'country', 'region', 'timezone', 'opened_on',
            'closed_on'
        ]
    ) }}
    union all
    {{ contested_records(
        'cashmere', 'employees', key=['employee_code'],
        content=[
            'display_name', 'store_code', 'hired_on', 'left_on'
        ]
    ) }}
),

final as (
    select
        source_system,
        entity,
        record_key,
        content_count
    from contested
)

select * from final
