{#- Finds values that are not keyed pseudonyms: personal data must never get past the ingest in clear. -#}
{% test pseudonym(model, column_name) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} is not null and substr({{ column_name }}, 1, 3) != 'v1_'

{% endtest %}
