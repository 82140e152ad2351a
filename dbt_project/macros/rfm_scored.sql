{#- Snapshots with their scores by the thresholds of their own period and of the anchor month, as CTEs that end in
    scored. It reads the CTEs snapshots, own_thresholds, month_thresholds, anchor and segments. -#}
{% macro rfm_scored(period) -%}
own_limits as (
    {{ rfm_limits('own_thresholds', period) }}
),

month_limits as (
    {{ rfm_limits('month_thresholds', 'snapshot_month') }}
),

anchor_limits as (
    select
        anchor.anchor_month,
        month_limits.*
    from anchor
    left join month_limits on anchor.anchor_month = month_limits.snapshot_month
),

scores as (
    select
        snapshots.*,
        anchor_limits.anchor_month,
        {{ rfm_score('-1 * snapshots.recency_days', 'own_limits', 'recency', period) }} as r_score,
        {{ rfm_score('snapshots.order_count', 'own_limits', 'frequency', period) }} as f_score,
        {{ rfm_score('snapshots.monetary_amount', 'own_limits', 'monetary', period) }} as m_score,
        {{ rfm_score('-1 * snapshots.recency_days', 'anchor_limits', 'recency', 'snapshot_month') }}
            as anchored_r_score,
        {{ rfm_score('snapshots.order_count', 'anchor_limits', 'frequency', 'snapshot_month') }}
            as anchored_f_score,
        {{ rfm_score('snapshots.monetary_amount', 'anchor_limits', 'monetary', 'snapshot_month') }}
            as anchored_m_score
    from snapshots
    cross join anchor_limits
    left join own_limits on snapshots.{{ period }} = own_limits.{{ period }}
),

scored as (
    select
        scores.*,
        own_segments.rfm_segment,
        anchored_segments.rfm_segment as anchored_rfm_segment
    from scores
    left join segments as own_segments
        on
            scores.r_score = own_segments.r_score
            and scores.f_score = own_segments.f_score
            and scores.m_score = own_segments.m_score
    left join segments as anchored_segments
        on
            scores.anchored_r_score = anchored_segments.r_score
            and scores.anchored_f_score = anchored_segments.f_score
            and scores.anchored_m_score = anchored_segments.m_score
)
{%- endmacro %}
