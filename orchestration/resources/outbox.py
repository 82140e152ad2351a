"""Mails that wait: each is stored before it is sent, and sent once.

A small SQLite file in the home folder, so that the loss of PostgreSQL can be reported too. The
Message-ID is the key: two observers of one event store one mail.
"""

import fcntl
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Literal

from orchestration.resources.fault_points import fault_point

State = Literal["waiting", "sent", "given_up"]
KEPT_TRYING_FOR = timedelta(hours=24)
LONGEST_PAUSE = timedelta(hours=1)
REMEMBERED_FOR = timedelta(days=30)
# Handing over a mail and hearing nothing may have delivered it: once more, and no further.
MOST_UNANSWERED = 2
BUSY_SECONDS = 10

_SCHEMA = """
create table if not exists mails (
    message_id text primary key,
    recipient text not null,
    subject text not null,
    content blob not null,
    state text not null default 'waiting' check (state in ('waiting', 'sent', 'given_up')),
    waits_since text not null,
    next_attempt_at text not null,
    attempts integer not null default 0,
    unanswered integer not null default 0,
    last_error text,
    ended_at text
)
"""
_COLUMNS = "message_id, recipient, subject, state, waits_since, attempts, last_error, ended_at"


class OutboxUnreadable(RuntimeError):
    """The outbox is damaged; the message says the remedy."""


@dataclass(frozen=True)
class StoredMail:
    """A mail in the outbox, without its content. Times in UTC."""

    message_id: str
    recipient: str
    subject: str
    state: State
    waits_since: str
    attempts: int
    last_error: str | None
    ended_at: str | None


def _now() -> datetime:
    return datetime.now(UTC)


class Outbox:
    """The mails of one installation."""

    def __init__(self, file: Path, clock: Callable[[], datetime] = _now) -> None:
        self.file = file
        self._clock = clock

    def put(self, mail: EmailMessage) -> bool:
        """Store a mail; gives False when it was stored before, sent or not."""
        now = self._text(self._clock())
        values = (mail["Message-ID"], mail["To"], mail["Subject"], mail.as_bytes(policy=SMTP))
        with self._database() as database:
            stored = database.execute(
                "insert or ignore into mails (message_id, recipient, subject, content, "
                "waits_since, next_attempt_at) values (?, ?, ?, ?, ?, ?)",
                (*map(_plain, values), now, now),
            )
            return stored.rowcount == 1

    def mails(self, state: State | None = None) -> list[StoredMail]:
        """The mails that are kept, oldest first; of one state if one is named."""
        if not self.file.exists():
            return []
        with self._database() as database:
            rows = database.execute(
                f"select {_COLUMNS} from mails where state = coalesce(?, state) "
                "order by waits_since, message_id",
                (state,),
            )
            return [StoredMail(*row) for row in rows]

    def due(self, *, at_once: bool = False) -> list[StoredMail]:
        """The waiting mails whose pause is over; with `at_once` every waiting one."""
        if not self.file.exists():
            return []
        with self._database() as database:
            rows = database.execute(
                f"select {_COLUMNS} from mails where state = 'waiting' "
                "and (next_attempt_at <= ? or ?) order by waits_since, message_id",
                (self._text(self._clock()), at_once),
            )
            return [StoredMail(*row) for row in rows]

    def content(self, message_id: str) -> bytes:
        """The mail as it goes over the line."""
        with self._database() as database:
            query = "select content from mails where message_id = ?"
            return bytes(database.execute(query, (message_id,)).fetchone()[0])

    def handing_over(self, message_id: str) -> None:
        """Note, before the content leaves, that the server may have it from now on."""
        self._change(message_id, "unanswered = unanswered + 1")

    def delivered(self, message_id: str) -> None:
        """The server took the mail."""
        self._end(message_id, "sent", None)

    def give_up(self, message_id: str, reason: str) -> None:
        """The mail cannot be delivered."""
        self._end(message_id, "given_up", reason)

    def put_off(self, message_id: str, error: str, *, answered: bool) -> None:
        """Try again later: after 2, 4, 8 … minutes, at most an hour.

        `answered` says whether the server said no; silence may mean that it has the mail.
        """
        with self._database() as database:
            (attempts,) = database.execute(
                "select attempts from mails where message_id = ?", (message_id,)
            ).fetchone()
        pause = min(timedelta(minutes=2 ** min(attempts + 1, 10)), LONGEST_PAUSE)
        self._change(
            message_id,
            "attempts = attempts + 1, last_error = ?, next_attempt_at = ?, "
            "unanswered = case when ? then 0 else unanswered end",
            error,
            self._text(self._clock() + pause),
            answered,
        )

    def expire(self) -> list[StoredMail]:
        """Give up what waited for a day or may have arrived twice; gives what was given up.

        Mails that ended long ago are forgotten.
        """
        now = self._clock()
        old, forgotten = self._text(now - KEPT_TRYING_FOR), self._text(now - REMEMBERED_FOR)
        with self._database() as database:
            database.execute("delete from mails where ended_at < ?", (forgotten,))
            rows = database.execute(
                "update mails set state = 'given_up', ended_at = ?, last_error = case "
                "when waits_since <= ? then 'waited for a day: ' || coalesce(last_error, 'never "
                "tried') else 'handed over twice without an answer, it may have arrived' end "
                "where state = 'waiting' and (waits_since <= ? or unanswered >= ?) "
                f"returning {_COLUMNS}",
                (self._text(now), old, old, MOST_UNANSWERED),
            )
            return [StoredMail(*row) for row in rows]

    def try_again(self) -> int:
        """Let what was given up wait again; gives how many mails."""
        now = self._text(self._clock())
        with self._database() as database:
            changed = database.execute(
                "update mails set state = 'waiting', waits_since = ?, next_attempt_at = ?, "
                "attempts = 0, unanswered = 0, ended_at = null where state = 'given_up'",
                (now, now),
            )
            return changed.rowcount

    @contextmanager
    def sending(self) -> Generator[bool]:
        """Let one process send at a time; gives False when another one does.

        The lock goes with the process, so that a killed sender blocks nobody.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.with_suffix(".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def _end(self, message_id: str, state: State, error: str | None) -> None:
        self._change(
            message_id,
            "state = ?, attempts = attempts + 1, unanswered = 0, last_error = ?, ended_at = ?",
            state,
            error,
            self._text(self._clock()),
        )

    def _change(self, message_id: str, changes: str, *values: object) -> None:
        with self._database() as database:
            database.execute(
                f"update mails set {changes} where message_id = ?", (*values, message_id)
            )

    @contextmanager
    def _database(self) -> Generator[sqlite3.Connection]:
        """An open database; what was changed is on disk at the end, or not at all."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        if not self.file.exists():
            self.file.touch(mode=0o600)
        if self.file.is_fifo():
            raise self._damaged("it is a pipe")
        database = sqlite3.connect(self.file, timeout=BUSY_SECONDS)
        try:
            with database:
                database.execute(_SCHEMA)
                yield database
                fault_point("outbox.before_commit")
            fault_point("outbox.after_commit")
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError | sqlite3.IntegrityError):
                raise
            raise self._damaged(str(error)) from None
        finally:
            database.close()

    def _damaged(self, why: str) -> OutboxUnreadable:
        return OutboxUnreadable(
            f"{self.file} is damaged ({why}): `habitue run` sets it aside and makes it anew; "
            "mails that wait in it are lost"
        )

    def _text(self, moment: datetime) -> str:
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def outbox_in(home: Path) -> Outbox:
    """The outbox of the installation whose state lies in `home`."""
    return Outbox(home / "outbox.sqlite")


def _plain(value: object) -> object:
    """A header's text: the mail library's own classes of text mean nothing to SQLite."""
    return value if isinstance(value, bytes) else str(value)
