"""Why a row is quarantined or a file refused: the reason codes and the refusal itself."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """A reason code, with what to do about it in `REMEDIES`."""

    # a whole file
    NAME = "NAME"
    KIND = "KIND"
    IN_PROGRESS = "IN_PROGRESS"
    LONE_SIDE_FILE = "LONE_SIDE_FILE"
    UNREADABLE = "UNREADABLE"
    UNKNOWN_ENTITY = "UNKNOWN_ENTITY"
    UNKNOWN_SOURCE = "UNKNOWN_SOURCE"
    CHECKSUM = "CHECKSUM"
    EMPTY_FILE = "EMPTY_FILE"
    GZ_CORRUPT = "GZ_CORRUPT"
    GZ_BOMB = "GZ_BOMB"
    HEADER_MISSING = "HEADER_MISSING"
    HEADER_DUP = "HEADER_DUP"
    DELIM = "DELIM"
    TRUNCATED = "TRUNCATED"
    LINE_TOO_LONG = "LINE_TOO_LONG"
    HEADER_TOO_WIDE = "HEADER_TOO_WIDE"
    MOSTLY_BAD = "MOSTLY_BAD"
    HELD = "HELD"
    # a line, or the file when its header or much of it is so
    ENC_INVALID = "ENC_INVALID"
    NUL_BYTE = "NUL_BYTE"
    CONTROL_BYTE = "CONTROL_BYTE"
    LONE_CR = "LONE_CR"
    QUOTE = "QUOTE"
    COLS_MISSING = "COLS_MISSING"
    COLS_EXTRA = "COLS_EXTRA"
    # a value
    TOO_LONG = "TOO_LONG"
    REQUIRED_MISSING = "REQUIRED_MISSING"
    ID_MANGLED = "ID_MANGLED"
    NUM_FORMAT = "NUM_FORMAT"
    NUM_RANGE = "NUM_RANGE"
    BOOL_FORMAT = "BOOL_FORMAT"
    DATE_FORMAT = "DATE_FORMAT"
    DATE_RANGE = "DATE_RANGE"
    DATE_FUTURE = "DATE_FUTURE"
    VALUE_UNKNOWN = "VALUE_UNKNOWN"
    SIGN = "SIGN"
    FX_MISSING = "FX_MISSING"


# Lines that cannot be decoded: what is kept of them are the file's own bytes.
UNREADABLE_LINE = frozenset({Reason.ENC_INVALID, Reason.NUL_BYTE, Reason.CONTROL_BYTE})

REMEDIES: dict[Reason, str] = {
    Reason.NAME: "name it <entity>_<YYYYMMDD>[_<HHMM>].csv[.gz] with letters, digits, . _ - only",
    Reason.KIND: "put the export itself into the folder of its source, as one regular file",
    Reason.IN_PROGRESS: "end the upload by renaming the file, send it again, or take it away",
    Reason.LONE_SIDE_FILE: "send the file that it belongs to, or take it away",
    Reason.UNREADABLE: "let the user who runs habitue read it, or mend its disk",
    Reason.UNKNOWN_ENTITY: "rename it after an entity of this source, or move it out of landing",
    Reason.UNKNOWN_SOURCE: "move it into the folder of a source, or out of landing",
    Reason.CHECKSUM: "send both again: the .sha256 holds the sum of exactly this file",
    Reason.EMPTY_FILE: "send the file again; an empty day still has its header line",
    Reason.GZ_CORRUPT: "send the file again; the compressed data are damaged or cut",
    Reason.GZ_BOMB: "check where the file comes from; it unpacks to an implausible size",
    Reason.HEADER_MISSING: "add the columns to the export, or correct the contract",
    Reason.HEADER_DUP: "name every column of the export once",
    Reason.DELIM: "export with the contract's delimiter, or correct the contract",
    Reason.TRUNCATED: "send the file again, whole; or put <file>.done or <file>.sha256 beside it",
    Reason.HELD: "send it again whole, or `habitue landing accept` it if that is all there is",
    Reason.LINE_TOO_LONG: "check the export; a line has no end within the limit",
    Reason.HEADER_TOO_WIDE: "check the export; no entity has so many columns",
    Reason.MOSTLY_BAD: "check the export against its contract, and send the file again",
    Reason.ENC_INVALID: "export in the contract's encoding, or correct the contract",
    Reason.NUL_BYTE: "remove the NUL byte in the source system and send the row again",
    Reason.CONTROL_BYTE: "remove the control byte in the source system and send the row again",
    Reason.LONE_CR: "end lines with LF or CRLF; remove carriage returns from the fields",
    Reason.QUOTE: "double every quote inside a quoted field and close the field",
    Reason.COLS_MISSING: "quote fields that hold the delimiter or a line break; send the row again",
    Reason.COLS_EXTRA: "quote fields that hold the delimiter; send the row again",
    Reason.TOO_LONG: "shorten the value below 64 KiB in the source system",
    Reason.REQUIRED_MISSING: "fill the value in the source system and send the row again",
    Reason.ID_MANGLED: "export the identifier as text, as the source system has it",
    Reason.NUM_FORMAT: "write the number with the contract's decimal mark, or correct the contract",
    Reason.NUM_RANGE: "correct the number in the source system and send the row again",
    Reason.BOOL_FORMAT: "write 0/1, true/false, oui/non, O/N or Y/N",
    Reason.DATE_FORMAT: "write the date in a format that the contract declares",
    Reason.DATE_RANGE: "correct the year in the source system and send the row again",
    Reason.DATE_FUTURE: "correct the date or the till's clock and send the row again",
    Reason.VALUE_UNKNOWN: "use a value that the contract lists, or add it to the contract",
    Reason.SIGN: "correct the sign: quantity times price and the amount contradict each other",
    Reason.FX_MISSING: "add the rate to seeds/reference/fx_rates.csv, then retry the quarantine",
}


@dataclass(frozen=True)
class RefusedFile:
    """A file that was not loaded, why, and what to do. Holds no personal data."""

    source: str
    entity: str
    file_name: str
    reason_code: str
    message: str


class FileRefused(Exception):
    """A file cannot be loaded at all; nothing of it is kept."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{detail}; {REMEDIES[reason]}")
        self.reason = reason
