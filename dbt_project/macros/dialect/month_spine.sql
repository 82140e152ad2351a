{#- One row per month, column month_start, from the first to the last of two dates given as expressions
    over the relation. -#}
{% macro month_spine(relation, first_date, last_date) -%}
    {{ return(adapter.dispatch('month_spine', 'habitue')(relation, first_date, last_date)) }}
{%- endmacro %}

{% macro default__month_spine(relation, first_date, last_date) -%}
    select cast(month_start as date) as month_start
    from (
        select
            unnest(
                generate_series(
                    date_trunc('month', {{ first_date }}),
                    date_trunc('month', {{ last_date }}),
                    interval '1' month
                )
            ) as month_start
        from {{ relation }}
    ) as months
{%- endmacro %}

{% macro postgres__month_spine(relation, first_date, last_date) -%}
    select cast(month_start as date) as month_start
    from (
        select
            generate_series(
                date_trunc('month', {{ first_date }}),
                date_trunc('month', {{ last_date }}),
                interval '1' month
            ) as month_start
        from {{ relation }}
    ) as months
{%- endmacro %}

{% macro spark__month_spine(relation, first_date, last_date) -%}
    select
        explode(
            sequence(
                cast(date_trunc('month', {{ first_date }}) as date),
                cast(date_trunc('month', {{ last_date }}) as date),
                interval 1 month
            )
        ) as month_start
    from {{ relation }}
{%- endmacro %}
