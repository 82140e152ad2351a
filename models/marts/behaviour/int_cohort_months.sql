with customers as (
    select * from {{ ref('int_cohort_customers') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

months as (
    {{ month_spine('as_of', 'first_data_month', 'as_of_date') }}
),

cohorts as (
    select
        cohort_month,
        count(*) as cohort_customer_count
    from customers
    group by cohort_month
),

-- Every month from a cohort's first to the newest has a row, with or without buyers.
final as (
    select
        cohorts.cohort_month,
        {{ calendar_months_between('cohorts.cohort_month', 'months.month_start') }}
            as months_since_first,
        months.month_start as activity_month,
        cast(cohorts.cohort_customer_count as integer) as cohort_customer_count,
        months.month_start <= as_of.last_complete_month as is_complete_month,
        {{ calendar_months_between('as_of.first_data_month', 'cohorts.cohort_month') }}
        < {{ var('left_censored_months') }} as is_left_censored
    from cohorts
    inner join months on cohorts.cohort_month <= months.month_start
    cross join as_of
)

select * from final
