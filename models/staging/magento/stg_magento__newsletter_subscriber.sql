with versions_received as (
    select * from {{ source('magento', 'newsletter_subscriber') }}
),

newest as (
    {{ newest_version('versions_received', key=['subscriber_id'], version='change_status_at') }}
),

final as (
    select
        cast(subscriber_id as {{ dbt.type_string() }}) as subscriber_id,
        cast(customer_id as {{ dbt.type_string() }}) as customer_id,
        cast(subscriber_email as {{ dbt.type_string() }}) as email_key,
        cast(
            case subscriber_status
                when '1' then 'subscribed'
                when '2' then 'not_active'
                when '3' then 'unsubscribed'
                when '4' then 'unconfirmed'
            end as {{ dbt.type_string() }}
        ) as subscriber_status,
        cast(change_status_at as timestamp) as status_changed_at
    from newest
)

select * from final
