{{ config(meta={'indexes': [['customer_key'], ['home_store_key']]}) }}
with facts as (
    select * from {{ ref('int_customer_facts') }}
),

age_bands as (
    select * from {{ ref('age_bands') }}
),

final as (
    select
        facts.customer_key,
        facts.status,
        facts.gender,
        -- The day and the whole postcode tie tables to persons; they stay in the private build.
        cast(extract(year from facts.birth_date) as integer) as birth_year,
        facts.age,
        cast(coalesce(age_bands.age_band, 'unknown') as {{ dbt.type_string() }}) as age_band,
        facts.city,
        {{ published_postcode('facts.postcode') }} as postcode,
        facts.country,
        facts.first_channel,
        facts.first_store_key,
        facts.home_store_key,
        facts.source_customer_count,
        facts.order_count,
        facts.order_year_1_count,
        facts.order_year_2_count,
        facts.purchased_unit_count,
        facts.discounted_unit_count,
        facts.returned_unit_count,
        {{ rate('facts.discounted_unit_count', 'facts.purchased_unit_count') }}
            as discounted_unit_rate,
        facts.gross_amount,
        facts.discount_amount,
        facts.return_amount,
        facts.net_amount as ltv_net_amount,
        {{ divide_half_up('facts.gross_amount - facts.discount_amount', 'facts.order_count', 2) }}
            as average_ticket_amount,
        facts.net_year_1_amount,
        facts.net_year_2_amount,
        facts.net_calendar_year_1_amount,
        facts.net_calendar_year_2_amount,
        facts.has_bought_on_web,
        facts.has_bought_in_store,
        facts.is_multi_channel,
        facts.repeat_window_order_count >= 2 as is_repeat_customer,
        facts.has_email_consent,
        facts.has_sms_consent,
        facts.has_post_consent,
        facts.has_email,
        facts.has_phone,
        facts.months_since_last_order,
        facts.days_since_last_order,
        facts.first_purchase_at,
        facts.last_purchase_at,
        facts.first_order_date,
        facts.last_order_date,
        {{ first_of_month('facts.first_order_date') }} as cohort_month,
        facts.first_registered_date,
        facts.as_of_date
    from facts
    left join age_bands on facts.age between age_bands.lowest_age and age_bands.highest_age
)

select * from final
