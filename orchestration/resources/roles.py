"""Who may do what in PostgreSQL: the roles, their schemas, and what each may read.

The build writes as `loader`, `transformer` and `publisher`, one after the other, through one
login. Readers see only what was published; a store manager only the views of `serving`.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import LiteralString, cast

import psycopg
from psycopg import sql
from pydantic import SecretStr

from orchestration.resources.kept_logins import keep_login, make_keeper
from orchestration.resources.postgres import PostgresAddress, PostgresSession, PostgresWarehouse

DATABASE = "habitue"
ORCHESTRATOR_DATABASE = "dagster"
SERVERS_OWN_DATABASES = ("postgres", "template1")
_LOCK = int.from_bytes(b"roles")
PUBLISHED_SCHEMAS = ("golden_customer", "enriched", "marts")
SERVING_SCHEMA = "serving"
STORE_MANAGERS = "access.store_managers"
SERVICE = "habitue"
BUILDERS = ("loader", "transformer", "publisher")
READERS = ("bi_reader", "segment_reader", "activation")
PRIVACY_OFFICER = "privacy_officer"
STORE_MANAGER = "store_manager"
# What it takes to see what readers run, and to end it.
ENDING_SESSIONS = ("pg_read_all_stats", "pg_signal_backend")

READER_SECONDS = 60
_READER_LIMITS = {
    "statement_timeout": f"{READER_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{READER_SECONDS}s",
    "lock_timeout": "5s",
    "client_connection_check_interval": "10s",
    "default_transaction_read_only": "on",
    # A snapshot older than a publication would find the tables published since empty.
    "default_transaction_isolation": "read committed",
    "timezone": "UTC",
}
# What one process of a query may write beside memory; only a superuser may set or lift it.
_SPILL_LIMIT = ("temp_file_limit", "4GB")
_MANAGER_CONNECTIONS = 5


# Also for dbt, whose connections take no settings of their own. A server notices in half a minute
# that a client has vanished, and ends its query; a lock is waited for as long as a backup may hold.
_BUILD_LIMITS = {
    "statement_timeout": "6h",
    "lock_timeout": "30min",
    "idle_in_transaction_session_timeout": "30min",
    "client_connection_check_interval": "10s",
    "tcp_keepalives_idle": "10s",
    "tcp_keepalives_interval": "10s",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "30s",
}


class NoSuchStoreManager(ValueError):
    """A login cannot be given stores; the message says why."""


@dataclass(frozen=True)
class _Role:
    """A role: what it is for, whether it logs in, its settings, and its sessions at most."""

    purpose: str
    may_log_in: bool = False
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    connections: int | None = None

    @property
    def is_reader(self) -> bool:
        """Whether people log in as it, who are kept to its limits."""
        return self.connections is not None


ROLES: Mapping[str, _Role] = {
    "loader": _Role("writes raw rows, ledger and quarantine"),
    "transformer": _Role("runs dbt: owns the layers while they are built"),
    "publisher": _Role("owns what is published, and swaps it"),
    STORE_MANAGER: _Role("reads the serving views, each login its own stores"),
    SERVICE: _Role(
        "the login of the build; acts as loader, transformer or publisher", True, _BUILD_LIMITS
    ),
    "bi_reader": _Role(
        "BI tools: reads what is published",
        True,
        {**_READER_LIMITS, "search_path": "marts, enriched, golden_customer, serving"},
        connections=40,
    ),
    "segment_reader": _Role(
        "runs the rules of segments", True, {**_READER_LIMITS, "search_path": "marts"}, 10
    ),
    "activation": _Role("reads segments for exports", True, _READER_LIMITS, 10),
    PRIVACY_OFFICER: _Role("answers requests of access and erasure", True, _READER_LIMITS, 5),
    "orchestrator": _Role("owns the orchestrator's own database", True),
}

# schema: its owner, and who may read every table that the owner will ever make in it.
_SCHEMAS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "raw": ("loader", ("transformer",)),
    "ops": ("loader", ("transformer", "publisher", PRIVACY_OFFICER)),
    "reference": ("transformer", ()),
    "staging": ("transformer", ()),
    "unified": ("transformer", ()),
    **{f"{name}_build": ("transformer", ("publisher",)) for name in PUBLISHED_SCHEMAS},
    **dict.fromkeys((*PUBLISHED_SCHEMAS, SERVING_SCHEMA, "access"), ("publisher", ())),
}


def build_schema(layer: str) -> str:
    """The private schema in which dbt builds a layer; a published layer's own name is served."""
    return f"{layer}_build" if layer in PUBLISHED_SCHEMAS else layer


def ensure_roles(
    administrator: PostgresAddress, passwords: Mapping[str, SecretStr] | None = None
) -> None:
    """Make the databases, roles, schemas and grants, or complete them; may be run at any time.

    Args:
        administrator: A superuser, or a role with CREATEROLE and CREATEDB. The warehouse is the
            database `habitue` of its server, the orchestrator's is `dagster`; both are made.
        passwords: By role. A role left out keeps the password that it has.

    Raises:
        PostgresUnreachable: the server does not answer or refuses the administrator.
        ValueError: a password is for a role that does not log in.
    """
    for name in passwords or {}:
        if name not in ROLES or not ROLES[name].may_log_in:
            raise ValueError(f"{name!r} is no role that logs in; {', '.join(_logins())} are")
    with PostgresWarehouse(administrator).session() as session:
        # Services start together, and PostgreSQL refuses to change a role twice at once.
        session.execute("select pg_catalog.pg_advisory_lock(?)", [_LOCK])
        for name, role in ROLES.items():
            _ensure_role(session, name, role)
        given = (passwords or {}).items()
        verifiers = {name: set_password(session, name, password) for name, password in given}
        _ensure_memberships(session)
        _ensure_database(session, DATABASE, owner=None)
        _ensure_database(session, ORCHESTRATOR_DATABASE, owner="orchestrator")
        # Readers have no business in the server's own databases either.
        for database in (ORCHESTRATOR_DATABASE, *SERVERS_OWN_DATABASES):
            session.execute(f"revoke all on database {database} from public")
        _complete_warehouse(administrator.with_parts(dbname=DATABASE), verifiers)


def _complete_warehouse(administrator: PostgresAddress, verifiers: Mapping[str, str]) -> None:
    with PostgresWarehouse(administrator).session() as session, session.transaction():
        _guard_functions(session)
        for statement in _warehouse_statements():
            session.connection.execute(statement)
        has_keeper = make_keeper(session)
        for name, role in ROLES.items():
            _ensure_settings(session, name, role)
            if has_keeper and role.is_reader:
                keep_login(session, name, DATABASE, verifiers.get(name))


def _guard_functions(session: PostgresSession) -> None:
    """Keep readers from the lock that decides who writes, and from what only fills the disk.

    Only a superuser can; on a server without one PostgreSQL warns, and everybody keeps them.
    """
    builders = sql.SQL(", ").join(map(sql.Identifier, (SERVICE, *BUILDERS)))
    functions = session.execute(
        """
        select cast(cast(oid as regprocedure) as text)
        from pg_catalog.pg_proc
        where pronamespace = cast('pg_catalog' as regnamespace)
            and (
                proname ~ '^pg_(try_)?advisory_'
                or proname in (
                    'lo_creat', 'lo_create', 'lo_from_bytea', 'pg_logical_emit_message'
                )
            )
        """
    )
    for (function,) in functions:
        name = sql.SQL(cast("LiteralString", function))
        session.connection.execute(
            sql.SQL("revoke execute on function {} from public").format(name)
        )
        session.connection.execute(
            sql.SQL("grant execute on function {} to {}").format(name, builders)
        )


def ensure_store_manager(
    administrator: PostgresAddress, login: str, stores: Collection[str], password: SecretStr
) -> None:
    """Give a login to a store manager, who sees the rows of these stores in `serving`, no others.

    Run again, it replaces the stores and the password.

    Args:
        administrator: As for `ensure_roles`, which must have run.
        login: The new login; none of the product's own roles.
        stores: Store keys as they stand in the marts.
        password: The login's password.

    Raises:
        NoSuchStoreManager: the login is one of the product's roles, or exists without being a
            store manager.
    """
    warehouse = PostgresWarehouse(administrator.with_parts(dbname=DATABASE))
    with warehouse.session() as session, session.transaction():
        _refuse_other_logins(session, login)
        settings = {**_READER_LIMITS, "search_path": SERVING_SCHEMA}
        role = _Role("a store manager", True, settings, _MANAGER_CONNECTIONS)
        _ensure_role(session, login, role)
        _grant_membership(session, STORE_MANAGER, login)
        has_keeper = make_keeper(session)
        _ensure_settings(session, login, role)
        verifier = set_password(session, login, password)
        if has_keeper:
            keep_login(session, login, DATABASE, verifier)
        session.execute("set local role publisher")
        session.execute(f"delete from {STORE_MANAGERS} where login = ?", [login])
        for store in sorted(set(stores)):
            session.execute(f"insert into {STORE_MANAGERS} values (?, ?)", [login, store])


def set_password(session: PostgresSession, login: str, password: SecretStr) -> str:
    """Give a role its password; gives the verifier made from it, which alone travels."""
    verifier = session.connection.pgconn.encrypt_password(
        password.get_secret_value().encode(), login.encode(), b"scram-sha-256"
    ).decode()
    session.connection.execute(
        sql.SQL("alter role {} password {}").format(sql.Identifier(login), verifier)
    )
    return verifier


def _logins() -> list[str]:
    return [name for name, role in ROLES.items() if role.may_log_in]


def _ensure_role(session: PostgresSession, name: str, role: _Role) -> None:
    if not session.execute("select 1 from pg_roles where rolname = ?", [name]):
        session.connection.execute(sql.SQL("create role {}").format(sql.Identifier(name)))
    # NOINHERIT keeps the service's login from being all its roles at once.
    kind = sql.SQL(
        ("login" if role.may_log_in else "nologin") + (" noinherit" if name == SERVICE else "")
    )
    session.connection.execute(sql.SQL("alter role {} {}").format(sql.Identifier(name), kind))
    unlimited = "select 1 from pg_roles where rolname = ? and rolconnlimit = -1"
    if role.is_reader and session.execute(unlimited, [name]):
        session.connection.execute(
            sql.SQL("alter role {} connection limit {}").format(
                sql.Identifier(name), role.connections
            )
        )
    session.connection.execute(
        sql.SQL("comment on role {} is {}").format(sql.Identifier(name), role.purpose)
    )


def _ensure_memberships(session: PostgresSession) -> None:
    administrator = str(session.execute("select current_user")[0][0])
    for builder in BUILDERS:
        _grant_membership(session, builder, SERVICE)
        _grant_membership(session, builder, administrator)
    _grant_membership(session, "orchestrator", administrator)
    for power in ENDING_SESSIONS:
        with suppress(psycopg.errors.InsufficientPrivilege):  # only a superuser can
            _grant_membership(session, power, "publisher")


def _grant_membership(session: PostgresSession, role: str, member: str) -> None:
    session.connection.execute(
        sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(member))
    )


def _ensure_database(session: PostgresSession, name: str, owner: str | None) -> None:
    if session.execute("select 1 from pg_database where datname = ?", [name]):
        return
    statement = sql.SQL("create database {}").format(sql.Identifier(name))
    if owner:
        statement += sql.SQL(" owner {}").format(sql.Identifier(owner))
    try:
        session.connection.execute(statement)
    except psycopg.errors.DuplicateDatabase:
        return  # another call made it meanwhile


def _warehouse_statements() -> Iterator[sql.Composed | sql.SQL]:
    yield from _database_grants()
    for schema, (owner, readers) in _SCHEMAS.items():
        yield sql.SQL("create schema if not exists {} authorization {}").format(
            sql.Identifier(schema), sql.Identifier(owner)
        )
        for reader in readers:
            yield from _reading(schema, owner, reader)
    # The publisher keeps its own tables beside the ledger: lease, publications, golden keys.
    yield sql.SQL("grant usage, create on schema ops to publisher")
    for reader in ("loader", "transformer"):
        yield from _reading("ops", "publisher", reader)
    yield sql.SQL("grant usage on schema access to publisher")
    yield from _store_manager_table()


def _database_grants() -> Iterator[sql.Composed | sql.SQL]:
    database = sql.Identifier(DATABASE)
    everyone = sql.SQL(", ").join(sql.Identifier(name) for name in ROLES if name != "orchestrator")
    builders = sql.SQL(", ").join(map(sql.Identifier, BUILDERS))
    yield sql.SQL("revoke all on database {} from public").format(database)
    yield sql.SQL("grant connect on database {} to {}").format(database, everyone)
    yield sql.SQL("grant create, temporary on database {} to {}").format(database, builders)
    yield sql.SQL("revoke all on schema public from public")


def _reading(schema: str, owner: str, reader: str) -> Iterator[sql.Composed]:
    """What exists now, and what the owner makes later: a rebuilt table is a new one."""
    names = {
        "schema": sql.Identifier(schema),
        "owner": sql.Identifier(owner),
        "reader": sql.Identifier(reader),
    }
    yield sql.SQL("grant usage on schema {schema} to {reader}").format(**names)
    yield sql.SQL("grant select on all tables in schema {schema} to {reader}").format(**names)
    yield sql.SQL(
        "alter default privileges for role {owner} in schema {schema} "
        "grant select on tables to {reader}"
    ).format(**names)


def _store_manager_table() -> Iterator[sql.SQL]:
    yield sql.SQL("set local role publisher")
    yield sql.SQL(
        "create table if not exists access.store_managers ("
        "login name not null, store_key text not null, primary key (login, store_key))"
    )
    yield sql.SQL(
        "comment on table access.store_managers is "
        "'Which login sees the rows of which store in the views of serving'"
    )
    yield sql.SQL("reset role")


def _ensure_settings(session: PostgresSession, name: str, role: _Role) -> None:
    """Give a role its settings in the warehouse, and no other: a login may set its own."""
    if role.is_reader:
        for place in (sql.SQL(""), sql.SQL("in database {} ").format(sql.Identifier(DATABASE))):
            session.connection.execute(
                sql.SQL("alter role {} {}reset all").format(sql.Identifier(name), place)
            )
    for key, value in role.settings.items():
        session.connection.execute(_setting(name, key, value))
    if role.is_reader:
        with suppress(psycopg.errors.InsufficientPrivilege), session.transaction():
            session.connection.execute(_setting(name, *_SPILL_LIMIT))


def _setting(name: str, key: str, value: str) -> sql.Composed:
    # A list of schemas is written without quotes around the whole.
    plain = key == "search_path"
    written = sql.SQL(cast("LiteralString", value)) if plain else sql.Literal(value)
    return sql.SQL("alter role {} in database {} set {} = {}").format(
        sql.Identifier(name), sql.Identifier(DATABASE), sql.Identifier(key), written
    )


def _refuse_other_logins(session: PostgresSession, login: str) -> None:
    taken = session.execute(
        """
        select exists (
            select 1
            from pg_catalog.pg_auth_members as membership
            where membership.member = role.oid
                and membership.roleid = (
                    select oid from pg_catalog.pg_roles where rolname = ?
                )
        )
        from pg_catalog.pg_roles as role
        where role.rolname = ?
        """,
        [STORE_MANAGER, login],
    )
    if login in ROLES or (taken and not taken[0][0]):
        raise NoSuchStoreManager(
            f"{login!r} is already a role of another kind; choose another login"
        )
