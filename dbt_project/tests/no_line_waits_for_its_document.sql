-- What:  lines that are parked because no export has brought their order, memo or ticket; they count nowhere.
-- Why:   for a night that is normal, for longer their sales are missing.
-- When rows come back: send the export of the documents again, or see why `habitue quarantine list` holds them.
select
    source_system,
    entity,
    source_line_id
from {{ ref('unified_orphan_lines') }}
