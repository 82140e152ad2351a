{#- What a customer's window of purchases comes to on the day of the snapshot (D1, D3, D4). -#}
{% macro snapshot_measures() -%}
    cast({{ dbt.datediff('last_order_date', 'snapshot_date', 'day') }} as integer)
        as recency_days,
    cast(order_count as integer) as order_count,
    cast(net_amount as decimal(18, 2)) as net_amount,
    {{ rfm_monetary_amount('net_amount', 'return_amount', 'order_count') }} as monetary_amount,
    cast(last_order_date as date) as last_order_date
{%- endmacro %}
