{{ config(meta={'indexes': [
    ['snapshot_month', 'rfm_segment'],
    ['customer_key', 'snapshot_month']
]}) }}
with snapshots as (
    select * from {{ ref('int_customer_snapshots') }}
),

own_thresholds as (
    select * from {{ ref('rfm_thresholds') }}
),

month_thresholds as (
    select * from own_thresholds
),

anchor as (
    select * from {{ ref('int_rfm_anchor') }}
),

segments as (
    select * from {{ ref('int_rfm_segments') }}
),

{{ rfm_scored('snapshot_month') }},

final as (
    select
        customer_key,
        snapshot_month,
        snapshot_date,
        {{ rfm_score_columns() }}
    from scored
)

select * from final
