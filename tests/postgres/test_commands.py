"""The commands of `habitue postgres`, on the session's server."""

from collections.abc import Callable

import psycopg
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.postgres_cli import ADMINISTRATOR
from orchestration.resources.postgres import PostgresAddress

pytestmark = pytest.mark.postgres

LogIn = Callable[..., psycopg.Connection]


@pytest.fixture
def runner(administrator: PostgresAddress) -> CliRunner:
    return CliRunner(env={ADMINISTRATOR: administrator.conninfo})


def test_roles_take_their_passwords_from_the_environment(runner: CliRunner, log_in: LogIn) -> None:
    done = runner.invoke(
        main, ["postgres", "roles"], env={"HABITUE_PASSWORD_ORCHESTRATOR": "conductor's"}
    )
    assert done.exit_code == 0, done.output
    assert "orchestrator" in done.output
    assert "conductor" not in done.output
    with log_in("orchestrator", "conductor's", dbname="dagster") as own:
        own.execute("create table if not exists public.run_of_a_test (number int)")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        log_in("orchestrator", "conductor's")


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_readers_do_not_reach_the_servers_own_databases(
    runner: CliRunner, log_in: LogIn, database: str
) -> None:
    env = {"HABITUE_PASSWORD_PRIVACY_OFFICER": "privacy_officer's password"}
    assert runner.invoke(main, ["postgres", "roles"], env=env).exit_code == 0
    log_in("privacy_officer", "privacy_officer's password").close()
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        log_in("privacy_officer", "privacy_officer's password", dbname=database)


def test_a_manager_gets_a_login(runner: CliRunner, log_in: LogIn) -> None:
    done = runner.invoke(main, ["postgres", "manager", "manager_new", "lyon"], input="pw\npw\n")
    assert done.exit_code == 0, done.output
    with log_in("manager_new", "pw") as manager:
        assert manager.execute("select current_user").fetchone() == ("manager_new",)


def test_a_login_of_another_kind_is_refused_in_one_sentence(runner: CliRunner) -> None:
    done = runner.invoke(main, ["postgres", "manager", "loader", "lyon"], input="pw\npw\n")
    assert done.exit_code == 1
    assert "already a role of another kind" in done.output
    assert "Traceback" not in done.output


def test_an_unreachable_server_is_named_in_one_sentence(runner: CliRunner) -> None:
    env = {ADMINISTRATOR: "postgresql://administrator:hunter2@127.0.0.1:1/postgres"}
    done = runner.invoke(main, ["postgres", "roles"], env=env)
    assert done.exit_code == 1
    assert "administrator@127.0.0.1:1/postgres" in done.output
    assert "hunter2" not in done.output
