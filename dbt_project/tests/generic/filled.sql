{#- Finds rows without a value in a column that the SQL fills on every row, whatever the data. Such a promise breaks
    when a model changes, not when data do, so that it is checked with the code (var column_tests) and not each night. -#}
{% test filled(model, column_name) %}

{{ config(enabled=var('column_tests', false)) }}

select *
from {{ model }}
where {{ column_name }} is null

{% endtest %}
