{{ config(meta={'indexes': [
    ['snapshot_month', 'rfm_segment'],
    ['customer_key', 'snapshot_month']
]}) }}
with snapshots as (
    select * from {{ ref('int_customer_snapshots') }}
),

thresholds as (
    select * from {{ ref('rfm_thresholds') }}
),

segment_map as (
    select * from {{ ref('rfm_segment_map') }}
),

anchor as (
    select * from {{ ref('int_rfm_anchor') }}
),

recency as (
    select * from thresholds
    where measure = 'recency'
),

frequency as (
    select * from thresholds
    where measure = 'frequency'
),

monetary as (
    select * from thresholds
    where measure = 'monetary'
),

scored as (
    select
        snapshots.*,
        anchor.anchor_month,
        {{ rfm_score('-1 * snapshots.recency_days', 'recency') }} as r_score,
        {{ rfm_score('snapshots.order_count', 'frequency') }} as f_score,
        {{ rfm_score('snapshots.net_amount', 'monetary') }} as m_score,
        {{ rfm_score('-1 * snapshots.recency_days', 'anchor_recency') }} as anchored_r_score,
        {{ rfm_score('snapshots.order_count', 'anchor_frequency') }} as anchored_f_score,
        {{ rfm_score('snapshots.net_amount', 'anchor_monetary') }} as anchored_m_score
    from snapshots
    cross join anchor
    inner join recency on snapshots.snapshot_month = recency.snapshot_month
    inner join frequency on snapshots.snapshot_month = frequency.snapshot_month
    inner join monetary on snapshots.snapshot_month = monetary.snapshot_month
    left join recency as anchor_recency on anchor.anchor_month = anchor_recency.snapshot_month
    left join frequency as anchor_frequency on anchor.anchor_month = anchor_frequency.snapshot_month
    left join monetary as anchor_monetary on anchor.anchor_month = anchor_monetary.snapshot_month
),

-- Segments read recency against the mean of the other two, a half rounded up (D39).
final as (
    select
        scored.customer_key,
        scored.snapshot_month,
        scored.snapshot_date,
        cast(segment_map.rfm_segment as {{ dbt.type_string() }}) as rfm_segment,
        cast(anchored_map.rfm_segment as {{ dbt.type_string() }}) as anchored_rfm_segment,
        scored.recency_days,
        scored.order_count as frequency_order_count,
        scored.net_amount as monetary_net_amount,
        scored.r_score,
        scored.f_score,
        scored.m_score,
        scored.anchored_r_score,
        scored.anchored_f_score,
        scored.anchored_m_score,
        scored.r_score = 5 and scored.f_score = 5 and scored.m_score = 5 as is_best,
        scored.r_score = 1 as is_lost,
        scored.anchored_r_score = 5
        and scored.anchored_f_score = 5
        and scored.anchored_m_score = 5 as is_anchored_best,
        scored.anchored_r_score = 1 as is_anchored_lost,
        scored.last_order_date,
        scored.anchor_month
    from scored
    inner join segment_map
        on
            scored.r_score = segment_map.r_score
            and cast({{ integer_divide('scored.f_score + scored.m_score + 1', '2') }} as integer)
            = segment_map.fm_score
    inner join segment_map as anchored_map
        on
            scored.anchored_r_score = anchored_map.r_score
            and cast(
                {{ integer_divide('scored.anchored_f_score + scored.anchored_m_score + 1', '2') }}
                as integer
            ) = anchored_map.fm_score
)

select * from final
