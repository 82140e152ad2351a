-- What:  orders and tickets that count and have no line at all, so that their sales are missing.
-- Why:   an export of lines that is late, or lines in the quarantine, lower sales in silence.
-- When rows come back: see whether the export of lines has landed, then `habitue quarantine list`.
select order_key
from {{ ref('unified_orders') }}
where is_valid and document_type = 'order' and line_count = 0
