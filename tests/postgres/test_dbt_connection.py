"""What dbt's connections know beside what its profile can say."""

import psycopg2
import pytest
from pydantic import SecretStr

from orchestration.resources.embedded_postgres import EmbeddedPostgres
from orchestration.resources.postgres import PostgresAddress
from orchestration.resources.roles import DATABASE, ensure_roles

pytestmark = pytest.mark.postgres
PASSWORD = "of the build's login"
LIMITS = {
    "client_connection_check_interval": "10s",
    "tcp_user_timeout": "30000",
    "idle_in_transaction_session_timeout": "30min",
    "lock_timeout": "30min",
}


def test_a_lost_server_and_a_lost_client_are_given_up(
    server: EmbeddedPostgres, administrator: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_roles(administrator, {"habitue": SecretStr(PASSWORD)})
    address = PostgresAddress(server.loopback_address("habitue", DATABASE))
    variables = address.dbt_environment()
    for name in ("PGSERVICE", "PGSERVICEFILE"):
        monkeypatch.setenv(name, variables[name])
    connection = psycopg2.connect(
        host=variables["HABITUE_PG_HOST"],
        port=variables["HABITUE_PG_PORT"],
        user=variables["HABITUE_PG_USER"],
        dbname=variables["HABITUE_PG_DATABASE"],
        password=PASSWORD,
        keepalives_idle=10,
    )
    with connection, connection.cursor() as cursor:
        assert connection.info.dsn_parameters["tcp_user_timeout"] == "30000"
        assert connection.info.dsn_parameters["keepalives_interval"] == "10"
        shown = {}
        for name in LIMITS:
            cursor.execute(f"show {name}")
            (shown[name],) = cursor.fetchone() or (None,)
    connection.close()
    assert shown == LIMITS


def test_a_service_of_the_installation_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSERVICE", "ours")
    assert "PGSERVICE" not in PostgresAddress("postgresql://habitue@db/habitue").dbt_environment()


def test_how_the_address_wants_its_certificates_reaches_dbt() -> None:
    address = PostgresAddress(
        "postgresql://habitue@db/habitue?sslmode=verify-full&sslrootcert=/etc/ca.pem"
    )
    variables = address.dbt_environment()
    assert variables["HABITUE_PG_SSLMODE"] == "verify-full"
    assert variables["HABITUE_PG_SSLROOTCERT"] == "/etc/ca.pem"
