{#- Quotient of two decimals (four digits after the point are kept of each), rounded half away from zero
    in whole numbers, as decimal(18, scale). Null when the denominator is 0 or null. -#}
{% macro divide_half_up(numerator, denominator, scale) -%}
    cast(
        case when cast({{ numerator }} as decimal(26, 4)) < 0 then -1 else 1 end
        * case when cast({{ denominator }} as decimal(18, 4)) < 0 then -1 else 1 end
        * cast(
            {{ integer_divide(
                "abs(cast(" ~ numerator ~ " as decimal(26, 4))) * " ~ (20000 * 10 ** scale)
                ~ " + abs(cast(" ~ denominator ~ " as decimal(24, 4))) * 10000",
                "nullif(abs(cast(" ~ denominator ~ " as decimal(24, 4))) * 20000, 0)"
            ) }}
            as decimal(18, 0)
        )
        * {{ '1' if scale == 0 else '0.' ~ '0' * (scale - 1) ~ '1' }}
        as decimal(18, {{ scale }})
    )
{%- endmacro %}
