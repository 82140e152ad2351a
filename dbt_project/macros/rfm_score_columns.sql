{#- Columns of a table of scores from the row of rfm_scored, after its keys (D2, D3, D39). -#}
{% macro rfm_score_columns() -%}
    cast(rfm_segment as {{ dbt.type_string() }}) as rfm_segment,
    cast(anchored_rfm_segment as {{ dbt.type_string() }}) as anchored_rfm_segment,
    recency_days,
    order_count as frequency_order_count,
    net_amount as monetary_net_amount,
    monetary_amount,
    r_score,
    f_score,
    m_score,
    anchored_r_score,
    anchored_f_score,
    anchored_m_score,
    r_score = 5 and f_score = 5 and m_score = 5 as is_best,
    r_score = 1 as is_lost,
    anchored_r_score = 5 and anchored_f_score = 5 and anchored_m_score = 5 as is_anchored_best,
    anchored_r_score = 1 as is_anchored_lost,
    last_order_date,
    anchor_month
{%- endmacro %}
