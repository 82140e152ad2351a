"""Settings of one installation, from the environment and from the home's settings.env."""

import os
from collections.abc import Collection, Mapping
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import SettingsConfigDict

from orchestration.mail_settings import MailSettings
from orchestration.time_zones import usable_zones

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PERSON_SETTLES, SERVICE_SETTLES = 10.0, 60.0
PREFIX = "HABITUE_"
NEARLY = 0.85  # how alike two names are when one is the other mistyped
# What a library says of a value, in our words; the kinds of its errors begin so.
_REASONS: Mapping[str, str] = {
    "int_": "it is no whole number",
    "float_": "it is no number",
    "finite_": "it is no number",
    "bool_": "it is neither true nor false",
    "date_": "it is no date",
    "greater_than_equal": "it must be {ge:g} or more",
    "greater_than": "it must be more than {gt:g}",
    "less_than_equal": "it must be {le:g} or less",
    "literal_error": "it is none of {expected}",
    "string_pattern": "it has the wrong form",
}
PROJECT_ROOT = Path(__file__).resolve().parent.parent


class InvalidSettings(ValueError):
    """One or more settings cannot be used; the message names each, its value and the remedy."""


class Settings(MailSettings):
    """Everything an installation can choose. Every field is the variable HABITUE_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="HABITUE_", extra="ignore")

    home: Path = Field(default=Path(".habitue"), description="folder of all state")
    landing: Path | None = Field(default=None, description="folder where exports land")
    target: Literal["duckdb", "postgres"] = Field(default="duckdb", description="warehouse engine")
    postgres_address: SecretStr | None = Field(
        default=None, description="PostgreSQL server; an embedded one when unset"
    )
    password_orchestrator: SecretStr | None = Field(
        default=None, description="password of Dagster's own login on that server"
    )
    web_port: int = Field(
        default=3000, ge=1, le=65535, description="port of the Dagster UI on 127.0.0.1"
    )
    automation: bool | None = Field(
        default=None, description="whether nightly schedule and sensors run unasked"
    )
    kept_days: int = Field(default=90, gt=0, description="how long the history of runs is kept")
    time_zone: str = Field(default="Europe/Paris", description="project time zone")
    currency: str = Field(
        default="EUR", pattern=r"^[A-Z]{3}$", description="reporting currency, such as EUR"
    )
    rate_age_days: int = Field(
        default=7, ge=0, description="how many days before an order its exchange rate may be from"
    )
    postcode: Literal["full", "region", "none"] = Field(
        default="region", description="what of customers' postcodes is published"
    )
    as_of: date | None = Field(default=None, description="last day to count, as YYYY-MM-DD")
    quarantine_limit: float = Field(
        default=0.10, ge=0, le=1, description="share of a file's rows that may be quarantined"
    )
    hold_below: float = Field(
        default=0.5, ge=0, le=1, description="share of the usual rows below which a file is held"
    )
    warn_above: float = Field(
        default=5, gt=1, description="multiple of the usual rows above which a file is warned of"
    )
    settle_seconds: float | None = Field(
        default=None,
        ge=0,
        le=86400,
        description="seconds that a file stays unchanged before it is taken",
    )
    published_mode: str = Field(
        default="0600",
        pattern=r"^06(00|40|44)$",
        description="who may read the published file: 0600 its owner, 0640 the group, 0644 all",
    )
    pseudonym_key: SecretStr | None = Field(default=None, description="key of the pseudonyms")
    pseudonym_key_file: Path | None = Field(default=None, description="file that holds the key")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in usable_zones():
            raise ValueError(f"{value!r} is no IANA time zone; use a name such as Europe/Paris")
        return value

    @field_validator(
        "landing",
        "as_of",
        "postgres_address",
        "automation",
        "settle_seconds",
        "pseudonym_key_file",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @property
    def ui_address(self) -> str:
        """Where the Dagster UI is reached."""
        return self.ui_url.rstrip("/") or f"http://127.0.0.1:{self.web_port}"

    def settled_after(self, *, unattended: bool) -> float:
        """Seconds that a file stays unchanged before it is taken; a person waits for fewer."""
        if self.settle_seconds is not None:
            return self.settle_seconds
        return SERVICE_SETTLES if unattended else PERSON_SETTLES

    @property
    def landing_folder(self) -> Path:
        """The folder with one sub-folder per source."""
        return (self.landing or self.home / "landing").resolve()

    @property
    def build_file(self) -> Path:
        """The private DuckDB file that the build writes."""
        return self.home / "warehouse" / "habitue_build.duckdb"

    @property
    def copy_file(self) -> Path:
        """The last copy of the build file's raw rows, ledger and golden keys."""
        return self.home / "warehouse" / "habitue_build.copy.duckdb"

    @property
    def quarantine_folder(self) -> Path:
        """The encrypted text of quarantined rows, in files that are deleted when it expires."""
        return self.home / "quarantine"

    @property
    def published_bits(self) -> int:
        """The mode of the published file as a number."""
        return int(self.published_mode, 8)

    @property
    def published_file(self) -> Path:
        """The DuckDB file that readers open; replaced by one rename."""
        return self.home / "published" / "habitue.duckdb"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance folder."""
        return self.home / "dagster"

    @property
    def dbt_target(self) -> Path:
        """dbt's target folder: manifest, compiled SQL, run results."""
        return self.home / "dbt" / ("target" if self.target == "duckdb" else self.target)

    @property
    def dbt_logs(self) -> Path:
        """dbt's log folder."""
        return self.home / "dbt" / "logs"

    @property
    def key_file(self) -> Path:
        """The file of the pseudonym key (mode 0600)."""
        return self.pseudonym_key_file or self.home / "secrets" / "pseudonym.key"

    @property
    def demo_folder(self) -> Path:
        """What the demo wrote beside the exports: its truth and its marker."""
        return self.home / "demo"


def _told(item: "ErrorDetails") -> str:
    """What is wrong with one setting, and what it is."""
    field, kind = str(item["loc"][0]), item["type"]
    reason = next((said for sign, said in _REASONS.items() if kind.startswith(sign)), item["msg"])
    reason = reason.format(**item.get("ctx", {})).removeprefix("Value error, ")
    described = Settings.model_fields[field].description
    return f"{PREFIX}{field.upper()}={item['input']!r}: {reason} ({described})"


def _check_names(file: Path, written: Collection[str]) -> None:
    """No name is one that nobody reads.

    In the file every name with our prefix must be a setting; in the environment, where our tests
    and commands keep names too, none may nearly be one.

    Raises:
        InvalidSettings: a name is mistyped.
    """
    known = [field.upper() for field in Settings.model_fields]
    given = {*written, *os.environ}
    for name in sorted(name for name in given if name.upper().startswith(PREFIX)):
        own = name.upper().removeprefix(PREFIX)
        if own in known:
            continue
        if near := get_close_matches(own, known, 1, NEARLY):
            place = f"{file}: " if name in written else ""
            raise InvalidSettings(f"{place}{name} is no setting; did you mean {PREFIX}{near[0]}?")
        if name in written:
            raise InvalidSettings(
                f"{file}: {name} is no setting: remove it, or set it in the environment of the "
                "command that reads it"
            )


def _names_in(file: Path) -> Collection[str]:
    """The names that the file of settings gives; nothing in it would be passed over in silence.

    Raises:
        InvalidSettings: it cannot be read, or a line of it is no setting.
    """
    from dotenv.parser import parse_stream

    if not file.exists():
        return ()
    remedy = "correct it, restore a copy, or remove it"
    try:
        if not file.is_file():
            raise OSError(0, "it is no file")
        with file.open(encoding="utf-8") as stream:
            lines = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise InvalidSettings(f"{file} cannot be read ({reason}): {remedy}") from None
    for line in lines:
        if line.error or (line.key is not None and line.value is None):
            raise InvalidSettings(f"{file} line {line.original.line} is no NAME=value: {remedy}")
    return {line.key for line in lines if line.key is not None}


def load_settings() -> Settings:
    """Read the settings now.

    Raises:
        InvalidSettings: a value cannot be used; names each variable and what it should be.
    """
    home = Path(os.environ.get("HABITUE_HOME") or ".habitue").resolve()
    file = home / "settings.env"
    _check_names(file, _names_in(file))
    try:
        settings = Settings(_env_file=file)  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        lines = [_told(item) for item in error.errors()]
        raise InvalidSettings("settings that cannot be used:\n  " + "\n  ".join(lines)) from None
    return settings.model_copy(update={"home": home})


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return load_settings()
