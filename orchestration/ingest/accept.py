"""What waits in the landing folder and why, and the word of a person on a held file."""

import getpass
import os
from dataclasses import dataclass
from typing import Literal

from orchestration.ingest import ledger
from orchestration.ingest.context import utc_now, warehouse_of
from orchestration.ingest.contract import load_contracts
from orchestration.ingest.landed_bytes import FileMoved, LandedBytes
from orchestration.ingest.ledger import KeptOut
from orchestration.ingest.load import arriving_files, entities_of, pending_files, unclaimed_files
from orchestration.ingest.reasons import FileRefused
from orchestration.resources.landing import LandedFile, landing_of, lies_in
from orchestration.resources.target import hold_write
from orchestration.settings import Settings

Step = Literal["waits", "arriving", "held", "refused", "not taken"]


class NothingToAccept(ValueError):
    """No held file of that name, or another one by now; the message says what to do."""


@dataclass(frozen=True)
class Waiting:
    """A file in the landing folder that is not loaded: how far it came, and why no further."""

    step: Step
    text: str


def waiting(settings: Settings) -> list[Waiting]:
    """Everything in the landing folder that is not loaded, each with its reason."""
    found = [Waiting("waits", f"{file.source}/{file.name}") for file in pending_files(settings)]
    found += [Waiting("arriving", text) for text in arriving_files(settings)]
    for state in ("held", "refused"):
        found += [
            Waiting(state, f"{each.source}/{each.reason}") for each in _kept_out(settings, state)
        ]
    found += [
        Waiting("not taken", f"{file.source}/{file.message}".lstrip("/"))
        for file in unclaimed_files(settings)
    ]
    return found


def _kept_out(settings: Settings, state: Literal["held", "refused"]) -> list[KeptOut]:
    """Files of entities that are held or refused and still lie there."""
    warehouse, folder = warehouse_of(settings), settings.landing_folder
    if not warehouse.exists():
        return []
    with warehouse.session() as session:
        found = ledger.kept_out(session, state) if ledger.is_there(session) else []
    return [each for each in found if each.entity and lies_in(folder / each.source, each.file_name)]


def accept(settings: Settings, name: str) -> str:
    """Let a held file load with the next run; gives what was noted in the ledger.

    The word counts for the bytes that lie there now, and for no others.

    Args:
        settings: The installation.
        name: The file's name, with its source before it when two sources hold one of that name.

    Raises:
        NothingToAccept: no such file is held, or its bytes are others by now.
        AnotherRunActive: another process is writing.
    """
    with hold_write(settings, "landing accept"):
        held = _the_held(settings, name)
        file = _landed(settings, held)
        entry = ledger.entry_of(file, "accepted", _sha256(file, held))
        entry.reason_code, entry.reason = "HELD", f"accepted by {_person()}"
        with warehouse_of(settings).session() as session, session.transaction():
            number = ledger.next_file_id(session)
            now = utc_now().replace(tzinfo=None)
            ledger.record(session, number, entry, "landing accept", now)
    return f"{file.source}/{file.name}: {entry.reason}, with the SHA-256 {entry.sha256}"


def _the_held(settings: Settings, name: str) -> KeptOut:
    source, _, file_name = name.rpartition("/")
    found = [
        each
        for each in _kept_out(settings, "held")
        if each.file_name == file_name and source.rpartition("/")[2] in ("", each.source)
    ]
    if not found:
        raise NothingToAccept(f"{name} is not held; `habitue landing list` shows what is, and why")
    if len(found) > 1:
        names = " or ".join(f"{each.source}/{each.file_name}" for each in found)
        raise NothingToAccept(f"two files of this name are held: say {names}")
    return found[0]


def _landed(settings: Settings, held: KeptOut) -> LandedFile:
    landing = landing_of(settings.landing_folder)
    for file in landing.scan(entities_of(load_contracts())).files:
        if (file.source, file.name) == (held.source, held.file_name):
            return file
    raise NothingToAccept(f"{held.file_name} does not lie in the landing folder any more")


def _sha256(file: LandedFile, held: KeptOut) -> str:
    try:
        with LandedBytes(file) as landed:
            sha256 = landed.sha256()
            landed.require_unchanged()
    except (FileMoved, FileRefused) as error:
        raise NothingToAccept(f"{file.name} cannot be accepted: {error}") from None
    if sha256 != held.sha256:
        raise NothingToAccept(
            f"{file.name} has other content than when it was held: `habitue run` judges it anew"
        )
    return sha256


def _person() -> str:
    """Who accepts: the login, behind sudo the one who called it."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
