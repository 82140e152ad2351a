{#- What the monetary score measures, from sums over the window (D4). -#}
{% macro rfm_monetary_amount(net_amount, return_amount, order_count) -%}
    {%- set amount -%}
        case
            when '{{ chosen('rfm_monetary', ['net', 'before_returns']) }}' = 'net'
                then {{ net_amount }}
            else {{ net_amount }} + {{ return_amount }}
        end
    {%- endset -%}
    case
        when '{{ chosen('rfm_monetary_per', ['customer', 'order']) }}' = 'customer'
            then cast({{ amount }} as decimal(18, 2))
        else {{ divide_half_up(amount, order_count, 2) }}
    end
{%- endmacro %}
