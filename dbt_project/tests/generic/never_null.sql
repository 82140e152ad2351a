{#- Finds the rows on which one of several columns is null; one pass over the model for all of them. -#}
{% test never_null(model, columns) %}

select *
from {{ model }}
where
    {{ columns | join(' is null\n    or ') }} is null

{% endtest %}
