"""The network between us and the server loses every packet: both sides give up in a minute."""

import time
from collections.abc import Iterator

import pytest
from homes import BUILD, Home, ended, eventually
from proxy import Proxy, proxy
from pydantic import SecretStr

from orchestration.resources.embedded_postgres import embedded_postgres
from orchestration.resources.postgres import (
    PostgresAddress,
    PostgresConnectionLost,
    PostgresWarehouse,
)
from orchestration.resources.roles import DATABASE, ensure_roles

pytestmark = pytest.mark.faults
MODEL = "unified_orders"
PASSWORD = "of the build's login"
LONGEST_SECONDS = 60


@pytest.fixture
def network(postgres_home: Home) -> Iterator[tuple[Proxy, PostgresAddress]]:
    """The way to the server, and the address at its end."""
    server = embedded_postgres(postgres_home.folder)
    ensure_roles(PostgresAddress(server.address()), {"habitue": SecretStr(PASSWORD)})
    with proxy(server.port) as way:
        address = PostgresAddress(f"postgresql://habitue@127.0.0.1:{way.port}/{DATABASE}")
        yield way, address.with_parts(password=PASSWORD)


def test_a_waiting_session_gives_up_and_so_does_the_server(
    network: tuple[Proxy, PostgresAddress], postgres_home: Home
) -> None:
    way, address = network
    warehouse = PostgresWarehouse(address, "loader")
    with pytest.raises(PostgresConnectionLost), warehouse.session() as session:
        (backend,) = session.execute("select pg_backend_pid()")[0]
        way.cut()
        began = time.monotonic()
        session.execute("select pg_sleep(600)")
    assert time.monotonic() - began < LONGEST_SECONDS
    # It began to sleep only if the request was on its way before the cut; idle or not, it ends.
    eventually(lambda: not postgres_home.has_backend(backend), seconds=LONGEST_SECONDS)


def test_dbt_gives_up_and_so_does_its_query(
    network: tuple[Proxy, PostgresAddress], postgres_home: Home
) -> None:
    way, address = network
    with postgres_home.connect() as other, other.transaction():
        other.execute(f"lock table unified.{MODEL} in access share mode")
        run = postgres_home.start(BUILD, MODEL, HABITUE_POSTGRES_ADDRESS=address.conninfo)
        backend = eventually(postgres_home.waiting_backend)
        way.cut()
        began = time.monotonic()
        code, said = ended(run)
        assert time.monotonic() - began < LONGEST_SECONDS
        assert code == 1
        assert "the network to PostgreSQL broke" in said
        eventually(lambda: not postgres_home.has_backend(backend), seconds=LONGEST_SECONDS)
    code, said = postgres_home.build(MODEL)
    assert code == 0, said
