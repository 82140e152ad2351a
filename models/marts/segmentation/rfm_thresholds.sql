with snapshots as (
    select * from {{ ref('int_customer_snapshots') }}
),

{{ rfm_placed_values('snapshots', 'snapshot_month') }},

{{ rfm_cut_points('snapshot_month') }},

final as (
    select {{ rfm_thresholds('snapshot_month') }}
    from cut_points
)

select * from final
