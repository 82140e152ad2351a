"""What an export must look like: one contract per source and entity, read from YAML."""

from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

CONTRACTS_FOLDER = Path(__file__).resolve().parent / "contracts"

# The safe loader; the one in C, where PyYAML has it, is ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

ColumnType = Literal["id", "text", "integer", "decimal", "timestamp", "date", "boolean", "zone"]
PersonalKind = Literal["email", "phone", "card", "name", "magento_customer"]


# Models cast integers to 32 bits, and decimals to at least ten digits before the mark.
_BOUNDS = {"integer": (-(2**31), 2**31 - 1), "decimal": (-(10**9), 10**9)}


class InvalidContract(ValueError):
    """A contract file cannot be used; the message names the file, the field and the fault."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileFormat(_Model):
    """How a source writes its files."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: Literal["utf-8", "cp1252", "cp1251", "latin-1"] = "utf-8"
    decimal_mark: Literal[".", ","] = "."
    thousands_marks: tuple[str, ...] = ()
    timestamps: tuple[str, ...] = ("%Y-%m-%d %H:%M:%S", "iso")
    dates: tuple[str, ...] = ("%Y-%m-%d",)
    time_zone: str = "UTC"
    phone_region: str = Field(default="FR", pattern=r"^[A-Z]{2}$")
    # Whether a quoted field may hold line ends, and whether the last line ends like the others.
    multiline: bool = False
    final_newline: bool = True

    @field_validator("delimiter")
    @classmethod
    def _known_delimiter(cls, delimiter: str) -> str:
        if delimiter == '"' or not (delimiter == "\t" or " " < delimiter < "\x7f"):
            raise ValueError(
                f"{delimiter!r} cannot split fields; use a sign such as , ; | or a tab"
            )
        return delimiter

    @field_validator("thousands_marks")
    @classmethod
    def _known_marks(cls, marks: tuple[str, ...]) -> tuple[str, ...]:
        for mark in marks:
            if mark not in (" ", "\u00a0", "\u202f", ".", ",", "'"):
                raise ValueError(f"{mark!r} is no thousands mark; use a space, '.', ',' or \"'\"")
        return marks


class Column(_Model):
    """One column of an export."""

    type: ColumnType = "text"
    description: str = ""
    required: bool = False
    personal: PersonalKind | None = None
    anonymised: bool = False
    values: tuple[str, ...] = ()
    is_birth_date: bool = False
    may_be_future: bool = False
    # The lowest and the highest number; by default what every model of the column has room for.
    least: int | None = None
    most: int | None = None
    # The shop's own long numbers, not to be taken for telephone or card numbers.
    holds_numbers: bool = False

    @property
    def bounds(self) -> tuple[int, int]:
        """The lowest and the highest number that is accepted."""
        low, high = _BOUNDS[self.type]
        return (low if self.least is None else self.least, high if self.most is None else self.most)

    @property
    def is_searched(self) -> bool:
        """Whether personal data that stray into it are looked for, and masked."""
        is_open = self.type in ("id", "text") and not self.values
        return is_open and (self.personal is None or self.anonymised)


class CurrencyRule(_Model):
    """The columns that say in which currency, and on which day, a row's money stands."""

    column: str
    date: str


class SignRule(_Model):
    """Columns whose signs must agree: quantity times price has the sign of amount."""

    quantity: str
    price: str
    amount: str


class Contract(_Model):
    """One entity of one source: its file format, columns, key and rules."""

    source: str = Field(pattern=r"^[a-z][a-z0-9]*$")
    entity: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    description: str
    format: FileFormat
    key: tuple[str, ...]
    version: str | None = None
    columns: dict[str, Column]
    currency: CurrencyRule | None = None
    sign: SignRule | None = None
    phone_country: str | None = None

    @property
    def table(self) -> str:
        """The raw table of this entity, with its schema."""
        return f"raw.{self.source}_{self.entity}"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The column names in the contract's order."""
        return tuple(self.columns)

    def unknown_references(self) -> list[str]:
        """Names that rules mention and `columns` lacks."""
        wanted = [*self.key, self.version, self.phone_country]
        if self.currency:
            wanted += [self.currency.column, self.currency.date]
        if self.sign:
            wanted += [self.sign.quantity, self.sign.price, self.sign.amount]
        return sorted({name for name in wanted if name and name not in self.columns})


Contracts = dict[tuple[str, str], Contract]


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        loaded: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506
    except yaml.YAMLError as error:
        raise InvalidContract(f"{path} is no YAML: {error}") from None
    if not isinstance(loaded, dict):
        raise InvalidContract(f"{path} must hold a mapping, not {type(loaded).__name__}")
    return {str(key): value for key, value in loaded.items()}  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]


def read_contract(path: Path) -> Contract:
    """Read one contract; the file format of `_source.yml` beside it is its default.

    Raises:
        InvalidContract: the YAML or a field cannot be used.
    """
    fields = _read_yaml(path)
    shared = path.parent / "_source.yml"
    defaults = _read_yaml(shared) if shared.exists() else {}
    fields["format"] = {**defaults.get("format", {}), **fields.get("format", {})}
    fields["columns"] = {name: spec or {} for name, spec in fields.get("columns", {}).items()}
    try:
        contract = Contract(source=path.parent.name, entity=path.stem, **fields)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
        )
        raise InvalidContract(f"{path}: {faults}") from None
    if unknown := contract.unknown_references():
        raise InvalidContract(f"{path}: rules name {', '.join(unknown)}, not in its columns")
    return contract


def load_contracts(folder: Path = CONTRACTS_FOLDER) -> Contracts:
    """Every contract under `folder`, by (source, entity), in a stable order.

    Raises:
        InvalidContract: a file cannot be used.
    """
    return dict(_contracts_of(folder))


@cache
def _contracts_of(folder: Path) -> Contracts:
    """Read once a process: every step asks, and a run keeps the contracts that it began with."""
    paths = sorted(path for path in folder.glob("*/*.yml") if not path.name.startswith("_"))
    contracts = [read_contract(path) for path in paths]
    return {(contract.source, contract.entity): contract for contract in contracts}
