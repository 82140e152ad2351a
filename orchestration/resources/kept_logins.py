"""Readers' passwords and settings, put back when a login changed its own.

PostgreSQL lets every login change its own password and settings and forbids it to none, so that
one user of a shared login can lock out all others. A superuser therefore leaves a note of what
each login had, which no other role reads, and a function that puts it back.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from orchestration.resources.postgres import PostgresSession

SCHEMA = "guard"
_LOCK = int.from_bytes(b"logins")
_FUNCTION = f"{SCHEMA}.put_back_logins()"
# By place and name, as the catalog holds them.
_SETTINGS = """
    select coalesce(array_agg(setting order by setting), '{}')
    from (
        select concat(own.datname, ' ', unnest(kept.setconfig)) as setting
        from pg_catalog.pg_db_role_setting as kept
        left join pg_catalog.pg_database as own on kept.setdatabase = own.oid
        where kept.setrole = role.oid
    ) as named
"""
_KEEPER = f"""
create schema if not exists {SCHEMA};
revoke all on schema {SCHEMA} from public;
grant usage on schema {SCHEMA} to publisher;
create table if not exists {SCHEMA}.logins (
    login name primary key,
    verifier text,
    settings text[] not null,
    statements text[] not null
);
comment on table {SCHEMA}.logins is 'What each login of readers was given: its password''s verifier
and its settings, and the statements that give them again. Nobody but a superuser may read it.';
create table if not exists {SCHEMA}.put_back (
    login name not null,
    changed text not null,
    put_back_at timestamptz not null
);
comment on table {SCHEMA}.put_back is 'When what a login had changed of itself was put back';
grant select on {SCHEMA}.put_back to publisher;
create or replace function {_FUNCTION} returns bigint language plpgsql security definer
set search_path = pg_catalog, pg_temp as $keeper$
declare
    found record;
    statement text;
    number bigint := 0;
begin
    perform pg_advisory_xact_lock({_LOCK});
    for found in
        select *
        from (
            select
                kept.login,
                kept.statements,
                kept.verifier is not null
                    and role.rolpassword is distinct from kept.verifier as has_other_password,
                kept.settings <> ({_SETTINGS}) as has_other_settings
            from {SCHEMA}.logins as kept
            inner join pg_catalog.pg_authid as role on kept.login = role.rolname
        ) as login
        where has_other_password or has_other_settings
    loop
        foreach statement in array found.statements loop
            execute statement;
        end loop;
        insert into {SCHEMA}.put_back
        select found.login, changed, clock_timestamp()
        from (
            values ('password', found.has_other_password), ('settings', found.has_other_settings)
        ) as what (changed, is_so)
        where is_so;
        number := number + 1;
    end loop;
    return number;
end
$keeper$;
revoke execute on function {_FUNCTION} from public;
grant execute on function {_FUNCTION} to publisher;
"""


def make_keeper(session: "PostgresSession") -> bool:
    """Make the notes and the function, in a superuser's transaction; gives whether it is one."""
    if not session.execute("select rolsuper from pg_roles where rolname = current_user")[0][0]:
        return False
    session.execute("select pg_catalog.pg_advisory_xact_lock(?)", [_LOCK])
    session.execute(_KEEPER)
    return True


def keep_login(session: "PostgresSession", login: str, database: str, verifier: str | None) -> None:
    """Note the settings that a login has now, and its password; without a new one the noted one.

    Args:
        session: A superuser's, in the warehouse, after `make_keeper`.
        login: The role, which has its settings.
        database: The warehouse.
        verifier: What PostgreSQL keeps of the password that the login was just given.
    """
    rows = session.execute(
        f"select coalesce(?, (select verifier from {SCHEMA}.logins where login = ?)), ({_SETTINGS})"
        " from pg_roles as role where role.rolname = ?",
        [verifier, login, login],
    )
    (kept, settings) = rows[0]
    statements = _statements(session, login, database, kept)
    session.execute(
        f"insert into {SCHEMA}.logins values (?, ?, ?, ?) on conflict (login) do update set "
        "verifier = excluded.verifier, settings = excluded.settings, "
        "statements = excluded.statements",
        [login, kept, settings, statements],
    )
    if kept:
        session.execute(statements[-1])


def _statements(
    session: "PostgresSession", login: str, database: str, verifier: str | None
) -> list[str]:
    """What gives a login its settings and its password again."""
    role, place = sql.Identifier(login), sql.Identifier(database)
    parts = [
        sql.SQL("alter role {} reset all").format(role),
        sql.SQL("alter role {} in database {} reset all").format(role, place),
    ]
    settings = session.execute(
        "select split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1) "
        "from pg_catalog.pg_db_role_setting as kept cross join unnest(kept.setconfig) as setting "
        "where kept.setrole = (select oid from pg_roles where rolname = ?)",
        [login],
    )
    parts += [
        sql.SQL("alter role {} in database {} set {} = {}").format(
            role, place, sql.Identifier(name), _value(name, value)
        )
        for name, value in settings
    ]
    if verifier:
        parts += [sql.SQL("alter role {} password {}").format(role, sql.Literal(verifier))]
    return [part.as_string(session.connection) for part in parts]


def _value(name: str, value: str) -> sql.Composable:
    if name != "search_path":
        return sql.Literal(value)
    return sql.SQL(", ").join(sql.Identifier(part.strip(' "')) for part in value.split(","))


def put_back_logins(session: "PostgresSession") -> int:
    """Put back what logins changed of themselves, as the publisher; gives how many had.

    None where no superuser made the function.
    """
    if not has_keeper(session):
        return 0
    return int(session.execute(f"select {_FUNCTION}")[0][0])


def has_keeper(session: "PostgresSession") -> bool:
    """Whether a superuser made the function."""
    return bool(session.execute("select to_regprocedure(?) is not null", [_FUNCTION])[0][0])


def lately_put_back(session: "PostgresSession", since: timedelta) -> list[str]:
    """What was put back since then, a sentence for each login and kind."""
    if not has_keeper(session):
        return []
    rows = session.execute(
        "select login, changed, max(put_back_at), count(*) "
        f"from {SCHEMA}.put_back where put_back_at > ? group by login, changed order by 1, 2",
        [datetime.now(UTC) - since],
    )
    return [
        f"{login} changed the {changed} of its login, last at {at:%Y-%m-%d %H:%M} UTC"
        f"{f' and {count} times' if count > 1 else ''}; what it was given was put back"
        for login, changed, at, count in rows
    ]
