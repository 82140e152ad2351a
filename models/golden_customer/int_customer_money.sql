with lines as (
    select * from {{ ref('unified_order_lines') }}
    where is_valid and source_customer_key is not null
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Returns lower the figures of the period of their purchase (D8).
dated as (
    select
        lines.*,
        lines.original_order_date > {{ add_months('as_of.as_of_date', -12) }} as is_in_year_1,
        lines.original_order_date > {{ add_months('as_of.as_of_date', -24) }}
        and lines.original_order_date
        <= {{ add_months('as_of.as_of_date', -12) }} as is_in_year_2,
        extract(year from as_of.as_of_date) - extract(year from lines.original_order_date)
            as calendar_years_ago
    from lines
    cross join as_of
    where lines.order_date <= as_of.as_of_date
),

final as (
    select
        source_customer_key,
        cast(
            sum(
                case
                    when line_type = 'return' and is_service is not true then -1 * quantity
                    else 0
                end
            ) as decimal(18, 4)
        ) as returned_unit_count,
        cast(sum(case when line_type = 'sale' then gross_amount else 0 end) as decimal(18, 2))
            as gross_amount,
        cast(sum(case when line_type = 'sale' then discount_amount else 0 end) as decimal(18, 2))
            as discount_amount,
        cast(sum(case when line_type <> 'sale' then -1 * net_amount else 0 end) as decimal(18, 2))
            as return_amount,
        cast(sum(net_amount) as decimal(18, 2)) as net_amount,
        cast(sum(case when is_in_year_1 then net_amount else 0 end) as decimal(18, 2))
            as net_year_1_amount,
        cast(sum(case when is_in_year_2 then net_amount else 0 end) as decimal(18, 2))
            as net_year_2_amount,
        cast(sum(case when calendar_years_ago = 1 then net_amount else 0 end) as decimal(18, 2))
            as net_calendar_year_1_amount,
        cast(sum(case when calendar_years_ago = 2 then net_amount else 0 end) as decimal(18, 2))
            as net_calendar_year_2_amount
    from dated
    group by source_customer_key
)

select * from final
