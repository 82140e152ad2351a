"""Publication on PostgreSQL: complete copies beside what is served, then a swap of schema names.

dbt builds in private schemas (`marts_build`). The publisher copies what readers may see into
`marts_next`, with indexes, descriptions, grants and serving views, and renames `marts` to
`marts_old_<n>` and `marts_next` to `marts` in one short transaction. Readers never wait: a rename
of schemas takes no lock on tables, and what an open transaction still reads is dropped later.
"""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from orchestration.resources.content_hash import content_hash_sql
from orchestration.resources.fault_points import fault_point
from orchestration.resources.postgres import PostgresSession, PostgresWarehouse
from orchestration.resources.postgres_lease import PostgresLease, check_lease
from orchestration.resources.publication import Publication, PublishedTable
from orchestration.resources.roles import (
    PUBLISHED_SCHEMAS,
    READERS,
    SERVING_SCHEMA,
    STORE_MANAGER,
    STORE_MANAGERS,
    build_schema,
)

_LOG = logging.getLogger(__name__)
SWAPPED_SCHEMAS = (*PUBLISHED_SCHEMAS, SERVING_SCHEMA)
SWAP_LOCK_TIMEOUT = "500ms"
DROP_LOCK_TIMEOUT = "200ms"
SWAP_ATTEMPTS = 10
SWAP_PAUSE_SECONDS = 0.3
STORE_COLUMN = "store_key"
_TRANSIENT = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)

_APPEND_GOLDEN_KEYS = """
insert into ops.golden_keys
select
    event.customer_key,
    event.anchor_source_customer_key,
    event.event,
    event.merged_into,
    (select coalesce(max(publication_number), 0) + 1 from ops.golden_keys)
from golden_customer_build.int_golden_key_events as event
where not exists (
    select 1
    from ops.golden_keys as known
    where known.customer_key = event.customer_key and known.event = event.event
        and known.anchor_source_customer_key = event.anchor_source_customer_key
)
"""


class UnscopedView(RuntimeError):
    """A store manager could see other stores' rows; nothing was published."""


class PublicationBlocked(RuntimeError):
    """The swap could not get its locks; what was served is served on."""


@dataclass(frozen=True)
class PublishedModel:
    """A table to publish: where it is served, how it is indexed, and whose rows it holds."""

    layer: str
    name: str
    columns: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    store_column: str | None = None

    @classmethod
    def of_node(cls, node: Mapping[str, Any], columns: Collection[str]) -> "PublishedModel":
        """From a model of dbt's manifest and the columns of its table.

        The model's `config.meta.indexes` lists lists of columns, the first also orders the rows;
        `config.meta.store_column` names the column that says whose row it is, by default
        `store_key` where there is one.
        """
        meta: Mapping[str, Any] = node["config"].get("meta") or {}
        default = STORE_COLUMN if STORE_COLUMN in columns else None
        return cls(
            layer=str(node["config"]["schema"]),
            name=str(node["name"]),
            columns=tuple(sorted(columns)),
            indexes=tuple(tuple(map(str, index)) for index in meta.get("indexes", ())),
            store_column=meta.get("store_column", default),
        )


@dataclass(frozen=True)
class PostgresPublication:
    """A publication, how long readers could have noticed it, and what could not be dropped yet."""

    publication: Publication
    swap_seconds: float
    kept_schemas: tuple[str, ...]


def table_columns(session: PostgresSession, schema: str, name: str) -> list[str]:
    """The columns of a table, in their order; none if there is no such table."""
    rows = session.execute(
        """
        select attribute.attname
        from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = to_regclass(?)
            and attribute.attnum > 0
            and not attribute.attisdropped
        order by attribute.attnum
        """,
        [f"{schema}.{name}"],
    )
    return [str(column) for (column,) in rows]


def publish(
    warehouse: PostgresWarehouse,
    nodes: Collection[Mapping[str, Any]],
    as_of: str,
    lease: PostgresLease,
) -> PostgresPublication:
    """Publish the tables of these dbt models, all of them or none.

    Args:
        warehouse: The warehouse that dbt built in.
        nodes: Models of dbt's manifest, in the published layers.
        as_of: The last day of data, YYYY-MM-DD.
        lease: The right to write, held by this run.

    Raises:
        LeaseLost: another run took over.
        UnscopedView: a view for store managers would show more than their stores.
        PublicationBlocked: another session held what the swap needs, at every attempt.
    """
    publisher = warehouse.as_role("publisher").of_run(lease.run_id)
    with publisher.session() as session:
        drop_old_schemas(session)
        models = [
            PublishedModel.of_node(
                node,
                table_columns(session, build_schema(node["config"]["schema"]), str(node["name"])),
            )
            for node in nodes
        ]
        _make_next_schemas(session)
        tables = _copy_tables(publisher, session, models)
        _create_views(session, models)
        _grant_readers(session)
        publication = Publication(
            lease.run_id, as_of, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}", tables
        )
        seconds = _swap_patiently(session, publication, lease)
        fault_point("publish.swapped")
        kept = drop_old_schemas(session)
    return PostgresPublication(publication, seconds, tuple(kept))


def check_scopes(session: PostgresSession, schema: str) -> None:
    """Prove that a serving schema shows a store manager nothing but the manager's own stores.

    Every view that store managers may read must be a security barrier, must read the table of
    their stores, and must be empty for a login that has none, such as the one that asks.

    Raises:
        UnscopedView: a view fails one of these; the message says which and how.
    """
    views = session.execute(
        """
        select
            relation.relname,
            coalesce('security_barrier=true' = any (relation.reloptions), false),
            exists (
                select 1
                from pg_catalog.pg_rewrite as rule
                inner join pg_catalog.pg_depend as need
                    on need.classid = 'pg_catalog.pg_rewrite'::regclass
                    and need.objid = rule.oid
                where rule.ev_class = relation.oid and need.refobjid = to_regclass(?)
            )
        from pg_catalog.pg_class as relation
        where relation.relnamespace = to_regnamespace(?)
            and relation.relkind in ('r', 'v', 'm', 'p', 'f')
            and relation.relname <> 'publication'
            and has_table_privilege(?, relation.oid, 'select')
        order by relation.relname
        """,
        [STORE_MANAGERS, schema, STORE_MANAGER],
    )
    for name, is_barrier, is_filtered in views:
        place = sql.Identifier(schema, name)
        if not is_barrier:
            fault = "is no security barrier"
        elif not is_filtered:
            fault = f"does not read {STORE_MANAGERS}"
        elif _any_row(session, place):
            fault = "shows rows to a login without stores"
        else:
            continue
        raise UnscopedView(
            f"{SERVING_SCHEMA}.{name} {fault}; nothing was published, give the view its filter"
        )


def drop_old_schemas(session: PostgresSession) -> list[str]:
    """Drop what earlier publications replaced; gives the schemas that are still in use.

    What a reader's open transaction holds waits for the next publication. What somebody's own
    view reads is never dropped from under it; the log says so.
    """
    return [name for name in _old_schemas(session) if not _drop_schema(session, name)]


def _old_schemas(session: PostgresSession) -> list[str]:
    pattern = f"^({'|'.join(SWAPPED_SCHEMAS)})_(old_[0-9]+|next)$"
    rows = session.execute(
        # Views before the tables that they read.
        "select nspname from pg_catalog.pg_namespace where nspname ~ ? "
        "order by starts_with(nspname, 'serving') desc, nspname",
        [pattern],
    )
    return [str(name) for (name,) in rows]


def _drop_schema(session: PostgresSession, schema: str) -> bool:
    try:
        with session.transaction():
            session.execute(f"set local lock_timeout = '{DROP_LOCK_TIMEOUT}'")
            for kind, drop in (("v", sql.SQL("drop view {}")), ("r", sql.SQL("drop table {}"))):
                names = session.execute(
                    "select relname from pg_catalog.pg_class "
                    "where relnamespace = to_regnamespace(?) and relkind = ?",
                    [schema, kind],
                )
                if names:
                    places = [sql.Identifier(schema, str(name)) for (name,) in names]
                    session.connection.execute(drop.format(sql.SQL(", ").join(places)))
            session.connection.execute(sql.SQL("drop schema {}").format(sql.Identifier(schema)))
    except psycopg.errors.LockNotAvailable:
        _LOG.info("%s is still being read; the next publication drops it", schema)
        return False
    except psycopg.errors.DependentObjectsStillExist as error:
        _LOG.warning(
            "%s is kept, because a view that habitue did not make reads it and shows old rows; "
            "re-create the view after each publication, or drop it: %s",
            schema,
            error.diag.message_detail,
        )
        return False
    return True


def _make_next_schemas(session: PostgresSession) -> None:
    for schema in SWAPPED_SCHEMAS:
        session.execute(f"create schema {schema}_next")


def _copy_tables(
    publisher: PostgresWarehouse, session: PostgresSession, models: Sequence[PublishedModel]
) -> list[PublishedTable]:
    with publisher.session() as source, source.transaction():
        # One snapshot for all tables.
        source.execute("set transaction isolation level repeatable read, read only")
        return [_copy_table(source, session, model) for model in models]


def _copy_table(
    source: PostgresSession, session: PostgresSession, model: PublishedModel
) -> PublishedTable:
    """Copy one table with its descriptions, indexes and statistics.

    The rows are frozen on arrival: a reader whose snapshot is older than the swap would find a
    table copied in any other way empty, without an error.
    """
    built = sql.Identifier(build_schema(model.layer), model.name)
    place = sql.Identifier(f"{model.layer}_next", model.name)
    order = sql.SQL(", ").join(map(sql.Identifier, model.indexes[0] if model.indexes else ()))
    rows = sql.SQL("select * from {}{}").format(
        built, sql.SQL(" order by ") + order if model.indexes else sql.SQL("")
    )
    with session.transaction():
        session.connection.execute(
            sql.SQL("create table {} (like {} including comments)").format(place, built)
        )
        _copy_rows(source, session, rows, place)
        _describe(session, model, place)
        for index in model.indexes:
            columns = sql.SQL(", ").join(map(sql.Identifier, index))
            session.connection.execute(sql.SQL("create index on {} ({})").format(place, columns))
    session.connection.execute(sql.SQL("analyze {}").format(place))
    count, content = session.execute(
        content_hash_sql("postgres", f"{model.layer}_next.{model.name}", model.columns)
    )[0]
    fault_point("publish.copied")
    return PublishedTable(f"{model.layer}.{model.name}", int(count), str(content))


def _copy_rows(
    source: PostgresSession, session: PostgresSession, rows: sql.Composed, place: sql.Identifier
) -> None:
    reading = sql.SQL("copy ({}) to stdout (format binary)").format(rows)
    writing = sql.SQL("copy {} from stdin (format binary, freeze)").format(place)
    with (
        source.connection.cursor().copy(reading) as read,
        session.connection.cursor().copy(writing) as write,
    ):
        for chunk in read:
            write.write(chunk)


def _describe(session: PostgresSession, model: PublishedModel, place: sql.Identifier) -> None:
    said = session.execute(
        "select obj_description(to_regclass(?), 'pg_class')",
        [f"{build_schema(model.layer)}.{model.name}"],
    )[0][0]
    if said:
        session.connection.execute(
            sql.SQL("comment on table {} is {}").format(place, sql.Literal(said))
        )


def _create_views(session: PostgresSession, models: Sequence[PublishedModel]) -> None:
    for model in models:
        if model.store_column:
            session.connection.execute(
                sql.SQL(
                    "create view {view} with (security_barrier=true) as "
                    "select row.* from {table} as row "
                    "where row.{store} in ("
                    "select manager.store_key from access.store_managers as manager "
                    "where manager.login = session_user)"
                ).format(
                    view=sql.Identifier(f"{SERVING_SCHEMA}_next", model.name),
                    table=sql.Identifier(f"{model.layer}_next", model.name),
                    store=sql.Identifier(model.store_column),
                )
            )
    session.execute(
        f"create view {SERVING_SCHEMA}_next.publication as "
        "select publication_number, run_id, as_of, published_at, table_name, row_count, "
        "content_hash from ops.publication where publication_number = "
        "(select max(publication_number) from ops.publication)"
    )


def _grant_readers(session: PostgresSession) -> None:
    readers = ", ".join(READERS)
    for schema in PUBLISHED_SCHEMAS:
        session.execute(f"grant usage on schema {schema}_next to {readers}")
        session.execute(f"grant select on all tables in schema {schema}_next to {readers}")
    serving = f"{SERVING_SCHEMA}_next"
    session.execute(f"grant usage on schema {serving} to {STORE_MANAGER}, {readers}")
    session.execute(f"grant select on all tables in schema {serving} to {STORE_MANAGER}")
    session.execute(f"grant select on {serving}.publication to {readers}")


def _swap_patiently(
    session: PostgresSession, publication: Publication, lease: PostgresLease
) -> float:
    """Swap, trying again while another session holds a lock; gives the seconds it took."""
    for attempt in range(1, SWAP_ATTEMPTS + 1):
        start = time.monotonic()
        try:
            with session.transaction():
                _swap(session, publication, lease)
                fault_point("publish.before_commit")
            return time.monotonic() - start
        except _TRANSIENT as error:
            _LOG.info("publication attempt %d waits: %s", attempt, error)
            time.sleep(SWAP_PAUSE_SECONDS * attempt)
    raise PublicationBlocked(
        f"the swap of {', '.join(SWAPPED_SCHEMAS)} was blocked {SWAP_ATTEMPTS} times by another "
        "session's lock on them; what was served is served on. End the session (see "
        "pg_stat_activity) and run again"
    )


def _swap(session: PostgresSession, publication: Publication, lease: PostgresLease) -> None:
    session.execute(f"set local lock_timeout = '{SWAP_LOCK_TIMEOUT}'")
    check_lease(session, lease)
    check_scopes(session, f"{SERVING_SCHEMA}_next")
    number = _record(session, publication)
    if table_columns(session, "golden_customer_build", "int_golden_key_events"):
        session.execute(_APPEND_GOLDEN_KEYS)
    for schema in SWAPPED_SCHEMAS:
        if session.execute("select to_regnamespace(?) is not null", [schema])[0][0]:
            session.execute(f"alter schema {schema} rename to {schema}_old_{number}")
        fault_point("publish.renamed_old")
        session.execute(f"alter schema {schema}_next rename to {schema}")
        fault_point("publish.renamed_new")


def _record(session: PostgresSession, publication: Publication) -> int:
    number = int(
        session.execute("select coalesce(max(publication_number), 0) + 1 from ops.publication")[0][
            0
        ]
    )
    for table in publication.tables:
        session.execute(
            "insert into ops.publication values (?, ?, ?, ?, ?, ?, ?)",
            [
                number,
                publication.run_id,
                publication.as_of,
                publication.published_at,
                table.name,
                table.row_count,
                table.content_hash,
            ],
        )
    return number


def _any_row(session: PostgresSession, place: sql.Identifier) -> bool:
    found = session.connection.execute(sql.SQL("select exists (select 1 from {})").format(place))
    row = found.fetchone()
    return bool(row and row[0])
