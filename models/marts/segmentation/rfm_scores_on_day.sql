{{ config(meta={'indexes': [
    ['snapshot_date', 'rfm_segment'],
    ['customer_key', 'snapshot_date']
]}) }}
with snapshots as (
    select * from {{ ref('int_customer_snapshots_on_day') }}
),

own_thresholds as (
    select * from {{ ref('rfm_thresholds_on_day') }}
),

month_thresholds as (
    select * from {{ ref('rfm_thresholds') }}
),

anchor as (
    select * from {{ ref('int_rfm_anchor') }}
),

segments as (
    select * from {{ ref('int_rfm_segments') }}
),

{{ rfm_scored('snapshot_date') }},

final as (
    select
        customer_key,
        snapshot_date,
        {{ rfm_score_columns() }}
    from scored
)

select * from final
