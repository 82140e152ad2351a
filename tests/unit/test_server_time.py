"""What a PostgreSQL server's log says of where its time went."""

from pathlib import Path

import pytest

from bench.server_time import server_time

LOG = """\
10:00:00.000 UTC [7]  LOG:  database system is ready to accept connections
10:00:01.000 UTC [8] habitue LOG:  duration: 250.000 ms  statement: /* {"app": "dbt", \
"node_id": "model.habitue.unified_orders"} */
\t
\tcreate table "habitue"."unified"."unified_orders__dbt_tmp"
\tas (select 1)
10:00:01.500 UTC [8] habitue LOG:  duration: 50.000 ms  statement: /* {"app": "dbt", \
"node_id": "model.habitue.unified_orders"} */ alter table a rename to b
10:00:02.000 UTC [8] habitue LOG:  duration: 100.000 ms  statement: /* {"app": "dbt", \
"node_id": "test.habitue.unique_unified_orders.1a2b"} */ select 1
10:00:03.000 UTC [9] habitue LOG:  duration: 400.000 ms  statement: copy raw.cashmere_tickets \
("a") from stdin (format csv)
10:00:04.000 UTC [9] habitue LOG:  duration: 600.000 ms  statement: copy "marts_next"."t" \
from stdin (format binary, freeze)
10:00:04.000 UTC [9] habitue LOG:  duration: 600.000 ms  statement: copy (select * from a) \
to stdout (format binary)
10:00:05.000 UTC [9] habitue LOG:  duration: 10.000 ms  execute <unnamed>: SELECT sum(CASE \
WHEN (a IS NULL) THEN 1 ELSE 0 END) AS "column_values.nonnull.unexpected_count"
\tFROM raw.cashmere_tickets
10:00:06.000 UTC [9] habitue LOG:  duration: 5.000 ms  statement: COMMIT
10:00:06.000 UTC [9] dagster LOG:  duration: 7.000 ms  execute <unnamed>: INSERT INTO \
event_logs (run_id) VALUES ($1)
10:00:06.000 UTC [9] habitue LOG:  duration: 3.000 ms  bind <unnamed>: select 1
"""


def test_statements_are_counted_by_what_they_were_for(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text(LOG)
    spent = server_time(log)
    assert dict(spent.by_kind) == pytest.approx(
        {
            "models": 0.3,
            "dbt tests": 0.1,
            "raw rows (COPY)": 0.4,
            "publication (COPY)": 0.6,
            "gates": 0.01,
            "commits": 0.005,
            "Dagster's runs and events": 0.007,
        }
    )
    assert dict(spent.by_model) == pytest.approx({"unified_orders": 0.3})
