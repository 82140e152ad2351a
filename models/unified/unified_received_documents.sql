with documents as (
    select * from {{ ref('unified_orders__magento') }}
    union all
    select * from {{ ref('unified_orders__cashmere') }}
),

rates as (
    select * from {{ ref('fx_rates') }}
    where reporting_currency = '{{ var("reporting_currency") }}'
),

foreign_days as (
    select distinct
        currency,
        rate_date
    from documents
    where currency <> '{{ var("reporting_currency") }}'
),

-- Banks quote no rate at weekends: the newest of the last days counts (D31).
recent_rates as (
    select
        foreign_days.currency,
        foreign_days.rate_date,
        rates.rate,
        row_number() over (
            partition by foreign_days.currency, foreign_days.rate_date
            order by rates.rate_date desc
        ) as age_rank
    from foreign_days
    inner join rates
        on
            foreign_days.currency = rates.currency
            and foreign_days.rate_date >= rates.rate_date
            and {{ add_days('foreign_days.rate_date', "-" ~ var('rate_age_days')) }}
            <= rates.rate_date
),

final as (
    select
        documents.order_key,
        documents.source_system,
        documents.source_document_id,
        documents.order_number,
        documents.document_type,
        documents.original_order_key,
        documents.channel,
        documents.store_key,
        documents.employee_key,
        documents.source_customer_key,
        documents.order_status,
        documents.payment_method,
        documents.coupon_code,
        documents.currency,
        documents.country,
        documents.city,
        documents.shipping_amount,
        cast(
            case
                when documents.currency = '{{ var("reporting_currency") }}' then 1
                else recent_rates.rate
            end as decimal(18, 8)
        ) as fx_rate,
        documents.is_valid,
        documents.is_dst_gap,
        documents.is_dst_overlap,
        documents.ordered_at,
        documents.ordered_at_local,
        documents.order_date
    from documents
    left join recent_rates
        on
            documents.currency = recent_rates.currency
            and documents.rate_date = recent_rates.rate_date
            and recent_rates.age_rank = 1
)

select * from final
