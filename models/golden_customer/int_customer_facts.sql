with profiles as (
    select * from {{ ref('int_customer_profiles') }}
),

activity as (
    select * from {{ ref('int_golden_activity') }}
),

first_stores as (
    select * from {{ ref('int_customer_first_stores') }}
),

consents as (
    select * from {{ ref('int_customer_consents') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

measured as (
    select
        profiles.customer_key,
        profiles.gender,
        profiles.birth_date,
        {{ age_in_years('profiles.birth_date', 'as_of.as_of_date') }} as age,
        profiles.city,
        profiles.postcode,
        profiles.country,
        first_stores.first_channel,
        first_stores.first_store_key,
        cast(
            coalesce(profiles.declared_home_store_key, first_stores.first_store_key)
            as {{ dbt.type_string() }}
        ) as home_store_key,
        profiles.source_customer_count,
        cast(coalesce(activity.order_count, 0) as integer) as order_count,
        cast(coalesce(activity.order_year_1_count, 0) as integer) as order_year_1_count,
        cast(coalesce(activity.order_year_2_count, 0) as integer) as order_year_2_count,
        cast(coalesce(activity.repeat_window_order_count, 0) as integer)
            as repeat_window_order_count,
        cast(coalesce(activity.purchased_unit_count, 0) as decimal(18, 4)) as purchased_unit_count,
        cast(coalesce(activity.discounted_unit_count, 0) as decimal(18, 4))
            as discounted_unit_count,
        cast(coalesce(activity.returned_unit_count, 0) as decimal(18, 4)) as returned_unit_count,
        cast(coalesce(activity.gross_amount, 0) as decimal(18, 2)) as gross_amount,
        cast(coalesce(activity.discount_amount, 0) as decimal(18, 2)) as discount_amount,
        cast(coalesce(activity.return_amount, 0) as decimal(18, 2)) as return_amount,
        cast(coalesce(activity.net_amount, 0) as decimal(18, 2)) as net_amount,
        cast(coalesce(activity.net_year_1_amount, 0) as decimal(18, 2)) as net_year_1_amount,
        cast(coalesce(activity.net_year_2_amount, 0) as decimal(18, 2)) as net_year_2_amount,
        cast(coalesce(activity.net_calendar_year_1_amount, 0) as decimal(18, 2))
            as net_calendar_year_1_amount,
        cast(coalesce(activity.net_calendar_year_2_amount, 0) as decimal(18, 2))
            as net_calendar_year_2_amount,
        coalesce(activity.has_bought_on_web, false) as has_bought_on_web,
        coalesce(activity.has_bought_in_store, false) as has_bought_in_store,
        coalesce(activity.is_multi_channel, false) as is_multi_channel,
        coalesce(consents.has_email_consent, false) as has_email_consent,
        coalesce(consents.has_sms_consent, false) as has_sms_consent,
        coalesce(consents.has_post_consent, false) as has_post_consent,
        profiles.email_key is not null as has_email,
        profiles.phone_key is not null as has_phone,
        {{ months_between('activity.last_order_date', 'as_of.as_of_date') }}
            as months_since_last_order,
        cast(
            {{ dbt.datediff('activity.last_order_date', 'as_of.as_of_date', 'day') }} as integer
        ) as days_since_last_order,
        activity.first_purchase_at,
        activity.last_purchase_at,
        activity.first_order_date,
        activity.last_order_date,
        profiles.first_registered_date,
        as_of.as_of_date
    from profiles
    cross join as_of
    left join activity on profiles.customer_key = activity.customer_key
    left join first_stores on profiles.customer_key = first_stores.customer_key
    left join consents on profiles.customer_key = consents.customer_key
),

final as (
    select
        measured.*,
        cast(
            case
                when measured.last_order_date is null then 'never_bought'
                when
                    measured.months_since_last_order < {{ var('churned_after_months') }}
                    then 'active'
                when
                    measured.months_since_last_order < {{ var('long_gone_after_months') }}
                    then 'churned'
                else 'long_gone'
            end as {{ dbt.type_string() }}
        ) as status
    from measured
)

select * from final
