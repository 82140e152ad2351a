"""What every step of ingestion shares: settings, warehouse, key, rates and the clock."""

from collections.abc import Callable, Container
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from orchestration.ingest import ledger, quarantine
from orchestration.ingest.contract import Contracts, load_contracts
from orchestration.ingest.pseudonym import Pseudonymiser, UnusableKey, load_key
from orchestration.ingest.rates import RecentRates, known_rates
from orchestration.ingest.raw_table import create_raw_tables
from orchestration.ingest.reader import Limits
from orchestration.ingest.validation import Rules
from orchestration.ingest.vault import Vault
from orchestration.migrations.upgrade import upgrade
from orchestration.resources.landing import Landing, landing_of
from orchestration.resources.target import build_warehouse
from orchestration.resources.warehouse import Session, Warehouse
from orchestration.settings import Settings

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
    rates: Container[tuple[date, str]]
    clock: Clock
    limits: Limits = field(default_factory=Limits)

    @property
    def landing(self) -> Landing:
        """The landing folder of this installation."""
        return landing_of(self.settings.landing_folder)

    @property
    def vault(self) -> Vault:
        """The encrypted text of quarantined rows."""
        return Vault(self.settings.quarantine_folder)

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
    return build_warehouse(settings)


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
        RecentRates(known_rates(settings.currency), settings.rate_age_days),
        clock,
        limits or Limits(),
    )


def _check_fingerprint(session: Session, context: Context) -> None:
    """Remember the first key's fingerprint; refuse any other key."""
    known = session.execute("select fingerprint from ops.pseudonym_keys")
    if not known:
        session.execute(
            "insert into ops.pseudonym_keys values (?, ?)",
            [context.pseudonymiser.fingerprint, context.moment()],
        )
    else:
        _refuse_other_key(str(known[0][0]), context.pseudonymiser.fingerprint)


def _refuse_other_key(known: str, fingerprint: str) -> None:
    if known != fingerprint:
        raise UnusableKey(
            f"the warehouse was built with another pseudonym key (fingerprint {known[:8]}, this "
            f"one {fingerprint[:8]}); restore that key, or remove the warehouse and load "
            "everything again"
        )


def check_warehouse_key(settings: Settings) -> None:
    """The key is the one that the warehouse was built with; changes nothing.

    Raises:
        UnusableKey: it is another one.
    """
    context = context_of(settings)
    if not context.warehouse.exists():
        return
    with context.warehouse.session() as session:
        if ledger.is_there(session):
            for (known,) in session.execute("select fingerprint from ops.pseudonym_keys"):
                _refuse_other_key(str(known), context.pseudonymiser.fingerprint)


def prepare(session: Session, context: Context) -> None:
    """Create what is missing in the warehouse and check its key.

    Raises:
        UnusableKey: the warehouse was built with another key.
        WarehouseNewer, UpgradeFailed: with the remedy.
    """
    upgrade(context.warehouse)
    with session.transaction():
        _check_fingerprint(session, context)
        quarantine.forget_expired(session, context.vault, context.moment())
        create_raw_tables(session, context.contracts.values())
