"""Dagster's runs, events and schedules in PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import psycopg
import pytest
import sqlalchemy.event
from pydantic import SecretStr
from small import everything

from orchestration.instance import open_instance
from orchestration.resources.embedded_postgres import EmbeddedPostgres
from orchestration.resources.postgres import PostgresAddress, PostgresLoginRefused
from orchestration.resources.roles import DATABASE, ensure_roles
from orchestration.settings import Settings

pytestmark = pytest.mark.postgres


def test_runs_and_events_are_rows_of_the_orchestrators_database(
    server: EmbeddedPostgres, instance: dg.DagsterInstance
) -> None:
    result = everything.execute_in_process(instance=instance)
    with psycopg.connect(server.address("orchestrator", "dagster")) as connection:
        runs = connection.execute("select run_id, status from public.runs").fetchall()
        (events,) = connection.execute("select count(*) from public.event_logs").fetchall()
    assert runs == [(result.run_id, "SUCCESS")]
    assert events[0] == len(instance.all_logs(result.run_id)) > 5


def test_all_events_of_a_run_go_through_connections_that_were_there(
    instance: dg.DagsterInstance,
) -> None:
    instance.get_runs()
    logins: list[object] = []
    for storage in (instance.run_storage, instance.event_log_storage):
        engine = storage._engine  # pyright: ignore[reportAttributeAccessIssue]
        sqlalchemy.event.listen(engine, "connect", lambda *found: logins.append(found))
    everything.execute_in_process(instance=instance)
    # The event log logs in once: it was not used before.
    assert len(logins) <= 1


def test_a_server_restarted_between_two_events_loses_none(
    server: EmbeddedPostgres, instance: dg.DagsterInstance
) -> None:
    run = instance.create_run_for_job(everything)
    instance.report_engine_event("before", run)
    server.restart()
    instance.report_engine_event("after", run)
    assert [entry.message for entry in instance.all_logs(run.run_id)] == ["before", "after"]


def test_neither_address_nor_password_is_written_to_the_file(
    settings: Settings, server: EmbeddedPostgres, tmp_path: Path
) -> None:
    with psycopg.connect(server.address(), autocommit=True) as connection:
        connection.execute("alter role orchestrator password 'conductor''s'")
        connection.execute("alter role habitue password 'builder''s'")
    own = own_server(settings, server, tmp_path, "conductor's")
    with open_instance(own) as instance:
        everything.execute_in_process(instance=instance)
    written = (own.dagster_home / "dagster.yaml").read_text()
    assert "conductor" not in written
    assert "127.0.0.1" not in written


def test_a_wrong_password_is_tried_once(
    settings: Settings, server: EmbeddedPostgres, tmp_path: Path
) -> None:
    refusals = 'password authentication failed for user "orchestrator"'
    before = server.log.read_text().count(refusals)
    own = own_server(settings, server, tmp_path, "guessed")
    with pytest.raises(PostgresLoginRefused, match="orchestrator@127"):
        open_instance(own)
    assert server.log.read_text().count(refusals) == before + 1


def test_services_that_start_together_complete_the_roles_together(
    settings: Settings, server: EmbeddedPostgres
) -> None:
    address = PostgresAddress(server.address())
    with ThreadPoolExecutor(max_workers=6) as pool:
        assert list(pool.map(lambda _: ensure_roles(address), range(12))) == [None] * 12


def own_server(settings: Settings, server: EmbeddedPostgres, home: Path, password: str) -> Settings:
    """The same server as a team's own, which asks for passwords."""
    address = server.loopback_address("habitue", DATABASE).replace("@", ":builder's@")
    return settings.model_copy(
        update={
            "home": home,
            "postgres_address": SecretStr(address),
            "password_orchestrator": SecretStr(password),
        }
    )
