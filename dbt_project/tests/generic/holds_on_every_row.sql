{#- Finds the rows on which a condition does not hold; a condition that is null does not hold. -#}
{% test holds_on_every_row(model, condition) %}

select *
from {{ model }}
where not coalesce({{ condition }}, false)

{% endtest %}
