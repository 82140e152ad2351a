"""What every step of ingestion shares: settings, warehouse, key, rates and the clock."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from orchestration.ingest import ledger, quarantine
from orchestration.ingest.contract import Contract, Contracts, load_contracts
from orchestration.ingest.pseudonym import Pseudonymiser, UnusableKey, load_key
from orchestration.ingest.rates import known_rates
from orchestration.ingest.reader import Limits
from orchestration.ingest.validation import Rules
from orchestration.resources.landing import Landing, landing_of
from orchestration.resources.warehouse import DuckDBWarehouse, Session, Warehouse
from orchestration.settings import Settings

_LOG = logging.getLogger(__name__)
AUDIT_COLUMNS = {
    "_file_id": "bigint",
    "_line_no": "bigint",
    "_exported_at": "timestamp",
    "_loaded_at": "timestamp",
    "_row_hash": "varchar",
}

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Context:
    """One installation, ready to ingest."""

    settings: Settings
    contracts: Contracts
    warehouse: Warehouse
    pseudonymiser: Pseudonymiser
    rates: frozenset[tuple[object, str]]
    clock: Clock
    limits: Limits = field(default_factory=Limits)

    @property
    def landing(self) -> Landing:
        """The landing folder of this installation."""
        return landing_of(self.settings.landing_folder)

    def rules(self) -> Rules:
        """What validation needs, as of now."""
        return Rules(
            self.pseudonymiser,
            self.settings.currency,
            self.rates,
            self.settings.time_zone,
            self.clock(),
        )

    def moment(self) -> datetime:
        """The present moment in UTC, without zone, as it is stored."""
        return self.clock().astimezone(UTC).replace(tzinfo=None)


def warehouse_of(settings: Settings) -> Warehouse:
    """The private warehouse of the build."""
    return DuckDBWarehouse(settings.build_file)


def context_of(
    settings: Settings,
    contracts: Contracts | None = None,
    clock: Clock = utc_now,
    limits: Limits | None = None,
) -> Context:
    """Read contracts, key and rates of an installation.

    Raises:
        UnusableKey, InvalidContract: with the remedy.
    """
    warehouse = warehouse_of(settings)
    key = load_key(settings, warehouse_exists=warehouse.exists())
    return Context(
        settings,
        load_contracts() if contracts is None else contracts,
        warehouse,
        Pseudonymiser(key),
        frozenset(known_rates(settings.currency)),
        clock,
        limits or Limits(),
    )


def _create_raw_table(session: Session, contract: Contract) -> None:
    """The raw table of a contract; columns that the contract gained since are added."""
    columns = {**{f'"{name}"': "varchar" for name in contract.names}, **AUDIT_COLUMNS}
    listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    session.execute(f"create table if not exists {contract.table} ({listed})")
    schema, _, table = contract.table.partition(".")
    known = session.execute(
        "select column_name from information_schema.columns "
        "where table_schema = ? and table_name = ?",
        [schema, table],
    )
    for name in contract.names:
        if (name,) not in known:
            session.execute(f'alter table {contract.table} add column "{name}" varchar')


def _check_fingerprint(session: Session, context: Context) -> None:
    """Remember the first key's fingerprint; refuse any other key."""
    session.execute(
        "create table if not exists ops.pseudonym_keys "
        "(fingerprint varchar not null, recorded_at timestamp not null)"
    )
    known = session.execute("select fingerprint from ops.pseudonym_keys")
    if not known:
        session.execute(
            "insert into ops.pseudonym_keys values (?, ?)",
            [context.pseudonymiser.fingerprint, context.moment()],
        )
    elif known[0][0] != context.pseudonymiser.fingerprint:
        raise UnusableKey(
            "the warehouse was built with another pseudonym key (fingerprint "
            f"{known[0][0][:8]}, this one {context.pseudonymiser.fingerprint[:8]}); restore that "
            "key, or remove the warehouse and load everything again"
        )


def prepare(session: Session, context: Context) -> None:
    """Create what is missing in the warehouse and check its key, in one transaction."""
    with session.transaction():
        session.execute("create schema if not exists ops")
        session.execute("create schema if not exists raw")
        _check_fingerprint(session, context)
        session.execute(ledger.CREATE)
        session.execute(quarantine.CREATE)
        quarantine.forget_expired(session, context.moment())
        for contract in context.contracts.values():
            _create_raw_table(session, contract)
