with snapshots as (
    select * from {{ ref('int_customer_snapshots_on_day') }}
),

{{ rfm_placed_values('snapshots', 'snapshot_date') }},

{{ rfm_cut_points('snapshot_date') }},

final as (
    select {{ rfm_thresholds('snapshot_date') }}
    from cut_points
)

select * from final
