"""What to do about an error of PostgreSQL that another library tells of in words only."""

_REMEDIES = {
    (
        "server closed the connection unexpectedly",
        "terminating connection",
        "connection already closed",
        "ssl connection has been closed unexpectedly",
    ): "PostgreSQL ended the connection: it was restarted, or an administrator ended the session. "
    "The model's transaction was rolled back, its old table is there: run again",
    (
        "connection timed out",
        "operation timed out",
        "could not receive data from server",
        "no route to host",
    ): "the network to PostgreSQL broke, and nothing came back for 30 s. The model's transaction "
    "is rolled back, its old table is there: run again once the server can be reached",
    ("no space left on device", "could not extend file"): "the disk of the PostgreSQL server is "
    "full. What was published is served on: make room there, at least 3 times what has landed, "
    "and run again",
    (
        "deadlock detected",
        "could not serialize access",
    ): "another session worked on the same tables, each time it was tried: find it in "
    "pg_stat_activity, and run again when it has ended",
    ("canceling statement due to lock timeout",): "another session holds a lock on the table: "
    "find it in pg_stat_activity, end it, and run again",
}
# What a deadlock or a conflict undid can be repeated at once.
CONFLICTS = ("deadlock detected", "could not serialize access")


def remedy(said: str) -> str | None:
    """What happened and what to do, or None where the words are no known fault of the server."""
    lower = said.lower()
    for words, text in _REMEDIES.items():
        if any(word in lower for word in words):
            return text
    return None


def is_conflict(said: str) -> bool:
    """Whether two transactions got in each other's way, so that a second try may do."""
    return any(word in said.lower() for word in CONFLICTS)
