{#- Whether what the lines hold above the ticket's total is a discount on the whole basket, because the ticket's
    own discount confirms it. Tills differ in whether that one includes the discounts on the lines; where these alone
    make it up, it confirms nothing. -#}
{% macro is_basket_discount(gap, unplaced_discount, ticket_discount) -%}
    (
        {{ gap }} > 0
        and (
            abs({{ gap }} - {{ unplaced_discount }}) <= 0.02
            or (
                abs({{ unplaced_discount }}) > 0.02
                and abs({{ gap }} - abs({{ ticket_discount }})) <= 0.02
            )
        )
    )
{%- endmacro %}
