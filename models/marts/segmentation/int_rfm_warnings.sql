with thresholds as (
    select * from {{ ref('rfm_thresholds') }}
),

anchor as (
    select * from {{ ref('int_rfm_anchor') }}
),

months as (
    select
        snapshot_month,
        customer_count,
        row_number() over (order by customer_count desc, snapshot_month asc) as month_rank
    from thresholds
),

final as (
    select
        cast('RFM_ANCHOR_MISSING' as {{ dbt.type_string() }}) as warning_code,
        cast('scored customers' as {{ dbt.type_string() }}) as subject,
        cast(months.customer_count as bigint) as row_count,
        cast(months.snapshot_month as {{ dbt.type_string() }}) as example_key
    from months
    cross join anchor
    where months.month_rank = 1 and anchor.anchor_month is null
)

select * from final
