"""Which failures may mend themselves: those that another try a moment later may not meet."""

from collections.abc import Iterator

# dbt tells of its database's errors in words only.
_PASSING_WORDS = (
    "server closed the connection unexpectedly",
    "terminating connection",
    "connection already closed",
    "could not connect to server",
    "connection refused",
    "could not receive data from server",
    "the database system is starting up",
    "the database system is shutting down",
    "deadlock detected",
    "could not serialize access",
)


def may_pass(error: BaseException) -> bool:
    """Whether the same run may succeed a moment later, though nobody mended anything."""
    # Late: DuckDB's runs need none of this.
    from orchestration.project import DbtFailed
    from orchestration.resources.lease import AnotherRunActive
    from orchestration.resources.postgres import (
        PostgresConnectionLost,
        PostgresLoginRefused,
        PostgresUnreachable,
    )

    passing = (AnotherRunActive, PostgresConnectionLost, PostgresUnreachable)
    for cause in _causes(error):
        if isinstance(cause, PostgresLoginRefused):
            return False
        if isinstance(cause, passing):
            return True
        if isinstance(cause, DbtFailed) and _names_a_passing_fault(str(cause)):
            return True
    return False


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _names_a_passing_fault(text: str) -> bool:
    said = text.lower()
    return any(words in said for words in _PASSING_WORDS)
