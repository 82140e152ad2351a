with card_customers as (
    select * from {{ ref('stg_cashmere__customers') }}
),

stores as (
    select * from {{ ref('unified_stores') }}
),

-- A recycled card has one row per holder; each holds it until the next one's first day.
holders as (
    select
        *,
        row_number() over (
            partition by card_key
            order by holder_from_date nulls first
        ) as holder_number,
        lead(holder_from_date) over (
            partition by card_key
            order by holder_from_date nulls first
        ) as next_holder_from_date
    from card_customers
),

final as (
    select
        -- Every holder has the day of registration in the key, so that no holder's key changes when
        -- another turns up.
        cast(
            'cashmere:'
            || holders.card_key
            || ':'
            || cast(holders.holder_from_date as {{ dbt.type_string() }})
            as {{ dbt.type_string() }}
        ) as source_customer_key,
        cast(holders.card_key as {{ dbt.type_string() }}) as card_key,
        cast(holders.holder_number as integer) as holder_number,
        holders.holder_number = 1 as is_first_holder,
        -- What was bought before the first known holder's registration is counted as that holder's.
        cast(
            case
                when holders.holder_number = 1 then date '1900-01-01'
                else holders.holder_from_date
            end as date
        ) as holder_from_date,
        cast(coalesce(holders.next_holder_from_date, date '9999-12-31') as date)
            as holder_until_date,
        holders.gender,
        holders.birth_date,
        holders.first_name_key,
        holders.last_name_key,
        holders.email_key,
        holders.phone_key,
        holders.postcode,
        holders.city,
        holders.country,
        holders.home_store_code,
        holders.has_email_optin,
        holders.has_sms_optin,
        holders.has_post_optin,
        holders.created_date,
        cast(
            {{ local_to_utc(
                'holders.updated_at_local', "coalesce(stores.time_zone, '" ~ var('project_time_zone') ~ "')"
            ) }} as timestamp
        ) as updated_at
    from holders
    left join stores on stores.store_key = 'cashmere:' || holders.home_store_code
)

select * from final
