"""Rows of text against their contract: canonical values and pseudonyms out, faults named."""

import json
import re
from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.ingest import times
from orchestration.ingest.contract import Column, Contract, FileFormat
from orchestration.ingest.personal_data import mask_column
from orchestration.ingest.pseudonym import Pseudonymiser, known_regions
from orchestration.ingest.reasons import Reason
from orchestration.ingest.texts import (
    all_have_decimals,
    may_hold_controls,
    may_need_trimming,
)
from orchestration.time_zones import usable_zones

Mask = npt.NDArray[np.bool_]

_MAXIMUM_FIELD_BYTES = 64 << 10
# A barcode scanned into a quantity has 12 or 13.
_MOST_DIGITS = 11
_DIGITS_OF_BOUNDS = 10
_FIRST_YEAR, _LAST_YEAR = 1901, 2100
_FIRST_BIRTH_YEAR = 1900
# Marks that nobody sees: of byte order (also as cp1252 shows it), of writing direction, of breaks.
_UNSEEN = "^\u00ef\u00bb\u00bf|\\p{Cf}"
_MANGLED_ID = r"^[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+$"
_TRUE = ("1", "true", "oui", "o", "y")
_FALSE = ("0", "false", "non", "n")
_FUTURE_ALLOWANCE = timedelta(hours=24)


@dataclass(frozen=True)
class RowFault:
    """Why a row cannot be loaded. `value` stays in memory: only its keyed hash is stored."""

    row: int
    reason: Reason
    column: str
    detail: str
    value: str


@dataclass(frozen=True)
class Rules:
    """What validation needs to know beside the contract."""

    pseudonymiser: Pseudonymiser
    currency: str
    rates: Container[tuple[date, str]]
    time_zone: str
    now: datetime


@dataclass
class Checked:
    """Canonical rows, all of them, and which cannot be loaded (the first fault of each)."""

    rows: pa.Table
    faults: list[RowFault]
    warnings: Counter[str] = field(default_factory=Counter[str])


def shape(value: str) -> str:
    """What a value looks like, without what it says: digits as 9, letters as a, 24 at most."""
    masked = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", value[:24]))
    return json.dumps(masked, ensure_ascii=True)


def _flags(array: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


class _Check:
    """One block under validation."""

    def __init__(self, rows: pa.Table, contract: Contract, rules: Rules) -> None:
        self.contract = contract
        self.rules = rules
        self.rows = rows
        self.trimmed: dict[str, pa.Array] = {}
        self.done: dict[str, pa.Array] = {}
        self.faulty: Mask = np.zeros(len(rows), dtype=np.bool_)
        self.faults: list[RowFault] = []
        self.warnings: Counter[str] = Counter()

    def fail(self, mask: Mask, reason: Reason, column: str, detail: Callable[[str], str]) -> None:
        """Note a fault on rows that have none yet."""
        new = mask & ~self.faulty
        if not bool(new.any()):
            return
        self.faulty |= new
        values = self.trimmed.get(column, self.rows.column(column))
        for row in np.flatnonzero(new).tolist():
            value = str(values[row].as_py() or "")
            self.faults.append(RowFault(row, reason, column, detail(value), value))

    def run(self) -> Checked:
        for name in self.contract.names:
            self._trim(name)
        for name, column in self.contract.columns.items():
            self._column(name, column)
        self._check_signs()
        self._check_currency()
        table = pa.table({name: self.done[name] for name in self.contract.names})
        return Checked(table, self.faults, self.warnings)

    def _trim(self, name: str) -> None:
        raw = _single(self.rows.column(name))
        lengths = pc.binary_length(raw)
        if (pc.max(lengths).as_py() or 0) > _MAXIMUM_FIELD_BYTES:
            too_long = _flags(pc.greater(lengths, _MAXIMUM_FIELD_BYTES))
            self.trimmed[name] = raw
            self.fail(too_long, Reason.TOO_LONG, name, lambda v: f"{len(v)} characters")
        trimmed = pc.utf8_trim_whitespace(raw) if may_need_trimming(raw) else raw
        if not pc.all(pc.string_is_ascii(trimmed)).as_py():
            if self.contract.columns[name].type == "id":
                seen = pc.replace_substring_regex(trimmed, _UNSEEN, "")
                trimmed = pc.utf8_trim_whitespace(seen)
            trimmed = pc.utf8_normalize(trimmed, form="NFC")
        self.trimmed[name] = self._without_personal_data(name, trimmed)

    def _without_personal_data(self, name: str, values: pa.Array) -> pa.Array:
        """The values of a column that holds no personal data, without those that strayed in."""
        column = self.contract.columns[name]
        if not column.is_searched:
            return values
        clean, count = mask_column(
            values, self.contract.format.phone_region,
            token=self._masked_token if column.type == "id" else None,
            numbers=not column.holds_numbers,
        )  # fmt: skip
        if count:
            self.warnings[f"PERSONAL_DATA_MASKED:{name}"] += count
        return clean

    def _masked_token(self, found: str) -> str:
        return self.rules.pseudonymiser.token("masked", found)

    def _column(self, name: str, column: Column) -> None:
        values = self.trimmed[name]
        empty = pc.equal(values, "")
        if column.required:
            self.fail(_flags(empty), Reason.REQUIRED_MISSING, name, lambda _: "no value")
        if column.personal and not column.anonymised:
            self._check_mangled(name, column)
            self.done[name] = self._pseudonyms(name, column.personal)
            if name in self.contract.key:
                nobody = pc.and_(pc.is_null(self.done[name]), pc.invert(empty))
                self.fail(
                    _flags(nobody), Reason.REQUIRED_MISSING, name, lambda _: "identifies nobody"
                )
            return
        result = _CONVERTERS[column.type](self, name, column)
        if column.values:
            unknown = _flags(pc.invert(pc.is_in(values, pa.array(column.values)))) & ~_flags(empty)
            listed = ", ".join(column.values)
            self.fail(
                unknown, Reason.VALUE_UNKNOWN, name, lambda v: f"{shape(v)} is none of {listed}"
            )
        self.done[name] = pc.if_else(empty, pa.scalar(None, pa.string()), result)

    def _check_mangled(self, name: str, column: Column) -> None:
        if column.type != "id":
            return
        values = self.trimmed[name]
        # Plain searches first: hardly any file has a single plus or control in its identifiers.
        if pc.any(pc.match_substring(values, "+")).as_py():
            self.fail(
                _flags(pc.match_substring_regex(values, _MANGLED_ID)), Reason.ID_MANGLED, name,
                lambda v: f"{shape(v)} is in E notation, a spreadsheet has rounded it",
            )  # fmt: skip
        if may_hold_controls(values):
            self.fail(
                _flags(pc.match_substring_regex(values, r"\p{Cc}")), Reason.ID_MANGLED, name,
                lambda v: f"{shape(v)} holds a control character",
            )  # fmt: skip

    def as_id(self, name: str, column: Column) -> pa.Array:
        self._check_mangled(name, column)
        return self.trimmed[name]

    def as_text(self, name: str, _column: Column) -> pa.Array:
        return self.trimmed[name]

    def as_number(self, name: str, column: Column) -> pa.Array:
        values = self.trimmed[name]
        is_integer = column.type == "integer"
        fmt = self.contract.format
        if not is_integer and all_have_decimals(values, fmt.decimal_mark, _MOST_DIGITS):
            return self._within_bounds(name, column, _plain_number(values, fmt, is_integer))
        good = pc.or_(
            pc.match_substring_regex(values, _number_pattern(fmt, is_integer)),
            pc.equal(values, ""),
        )
        self.fail(
            ~_flags(good),
            Reason.NUM_FORMAT,
            name,
            lambda v: f"{shape(v)} is no {column.type} of up to {_MOST_DIGITS} digits",
        )
        plain = pc.if_else(good, _plain_number(values, fmt, is_integer), "")
        return self._within_bounds(name, column, plain)

    def _within_bounds(self, name: str, column: Column, numbers: pa.Array) -> pa.Array:
        """The numbers themselves; those that a model has no room for are faults."""
        low, high = column.bounds
        has_own_bounds = column.least is not None or column.most is not None
        longest = pc.max(pc.binary_length(numbers)).as_py() or 0
        # The default bounds have ten digits, which few columns ever hold.
        if not has_own_bounds and longest < _DIGITS_OF_BOUNDS:
            return numbers
        value = pc.cast(pc.if_else(pc.equal(numbers, ""), None, numbers), pa.float64())
        outside = pc.or_(pc.less(value, float(low)), pc.greater(value, float(high)))
        self.fail(
            _flags(outside), Reason.NUM_RANGE, name, lambda _: f"not between {low:,} and {high:,}"
        )
        return numbers

    def as_time(self, name: str, column: Column) -> pa.Array:
        is_date = column.type == "date"
        fmt = self.contract.format
        formats = fmt.dates if is_date else fmt.timestamps
        parsed = times.parse(self.trimmed[name], formats, is_date=is_date)
        filled = ~_flags(pc.equal(self.trimmed[name], ""))
        wanted = " or ".join(formats)
        self.fail(
            filled & ~parsed.shaped,
            Reason.DATE_FORMAT, name, lambda v: f"{shape(v)} is not {wanted}",
        )  # fmt: skip
        years = parsed.stamp // 10**10
        first = _FIRST_BIRTH_YEAR if column.is_birth_date else _FIRST_YEAR
        outside = parsed.shaped & ((years < first) | (years > _LAST_YEAR))
        self.fail(outside, Reason.DATE_RANGE, name, lambda _: f"year before {first} or after 2100")
        self.fail(
            parsed.shaped & ~parsed.real, Reason.DATE_FORMAT, name,
            lambda v: f"{shape(v)} names a day or time that does not exist",
        )  # fmt: skip
        if not column.may_be_future:
            self.fail(
                parsed.stamp > self._latest(column), Reason.DATE_FUTURE, name,
                lambda _: "later than 24 hours from now",
            )  # fmt: skip
        return parsed.text

    def _latest(self, column: Column) -> int:
        now = self.rules.now.astimezone(ZoneInfo(self.contract.format.time_zone))
        allowance = timedelta(0) if column.is_birth_date else _FUTURE_ALLOWANCE
        latest = times.stamp_of(now + allowance)
        return latest - latest % 10**6 if column.type == "date" else latest

    def as_boolean(self, name: str, _column: Column) -> pa.Array:
        lower = pc.utf8_lower(self.trimmed[name])
        true, false = pc.is_in(lower, pa.array(_TRUE)), pc.is_in(lower, pa.array(_FALSE))
        known = pc.or_(pc.or_(true, false), pc.equal(lower, ""))
        self.fail(~_flags(known), Reason.BOOL_FORMAT, name, lambda v: f"{shape(v)} is no yes or no")
        return pc.if_else(true, "true", "false")

    def as_zone(self, name: str, _column: Column) -> pa.Array:
        values = self.trimmed[name]
        zones = pa.array([*sorted(usable_zones()), ""])
        self.fail(
            ~_flags(pc.is_in(values, zones)),
            Reason.VALUE_UNKNOWN, name, lambda v: f"{shape(v)} is no IANA time zone",
        )  # fmt: skip
        return values

    def _pseudonyms(self, name: str, kind: str) -> pa.Array:
        """Pseudonyms of a column, one HMAC for each distinct value (and country, for phones)."""
        values = self.trimmed[name]
        separated = values
        if kind == "phone":
            separated = pc.binary_join_element_wise(self._regions(), values, "\x1f")
        encoded = pc.dictionary_encode(separated)
        tokens: list[str | None] = []
        for entry in encoded.dictionary.to_pylist():
            region, _, value = entry.rpartition("\x1f") if kind == "phone" else ("", "", entry)
            tokens.append(self.rules.pseudonymiser.of(kind, value, region) if value else None)
        result = pa.array(tokens, pa.string()).take(encoded.indices)
        if kind in ("email", "phone"):
            filled = len(values) - pc.sum(pc.equal(values, "")).as_py() if len(values) else 0
            malformed = filled - (len(result) - result.null_count)
            if malformed:
                self.warnings[f"{kind.upper()}_MALFORMED"] += malformed
        return result

    def _regions(self) -> pa.Array:
        default = self.contract.format.phone_region
        country = self.contract.phone_country
        if country is None:
            return pa.array([default] * len(self.rows), pa.string())
        upper = pc.utf8_upper(self.trimmed[country])
        known = pc.is_in(upper, pa.array(sorted(known_regions())))
        return pc.if_else(known, upper, default)

    def _check_signs(self) -> None:
        rule = self.contract.sign
        if rule is None:
            return
        negative = {
            name: pc.starts_with(self.done[name], "-")
            for name in (rule.quantity, rule.price, rule.amount)
        }
        product = pc.xor(negative[rule.quantity], negative[rule.price])
        doubtful = _flags(pc.xor(product, negative[rule.amount])) & ~self.faulty
        for row in np.flatnonzero(doubtful).tolist():
            if any(float(self.done[name][row].as_py()) == 0 for name in negative):
                doubtful[row] = False
        self.fail(
            doubtful, Reason.SIGN, rule.amount,
            lambda _: f"its sign is not that of {rule.quantity} times {rule.price}",
        )  # fmt: skip

    def _check_currency(self) -> None:
        rule = self.contract.currency
        if rule is None:
            return
        foreign = _flags(pc.not_equal(self.done[rule.column], self.rules.currency)) & ~self.faulty
        for row in np.flatnonzero(foreign).tolist():
            day = self._business_date(self.done[rule.date][row].as_py())
            foreign[row] = (day, self.done[rule.column][row].as_py()) not in self.rules.rates
        self.fail(
            foreign, Reason.FX_MISSING, rule.column,
            lambda v: f"no recent rate of {_code(v)} to {self.rules.currency} at {rule.date}",
        )  # fmt: skip

    def _business_date(self, moment: str) -> date:
        """The local day of a canonical time: sources that write UTC are moved to project time."""
        naive = datetime.fromisoformat(moment)
        if self.contract.format.time_zone != "UTC":
            return naive.date()
        return naive.replace(tzinfo=UTC).astimezone(ZoneInfo(self.rules.time_zone)).date()


_CONVERTERS: dict[str, Callable[[_Check, str, Column], pa.Array]] = {
    "id": _Check.as_id,
    "text": _Check.as_text,
    "integer": _Check.as_number,
    "decimal": _Check.as_number,
    "timestamp": _Check.as_time,
    "date": _Check.as_time,
    "boolean": _Check.as_boolean,
    "zone": _Check.as_zone,
}


def _code(value: str) -> str:
    return value if re.fullmatch(r"[A-Z]{3}", value) else shape(value)


def _single(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays([pa.array([], pa.string()), *column.chunks])


def _number_pattern(fmt: FileFormat, is_integer: bool) -> str:
    """What a number looks like: at most 11 digits before the mark."""
    marks = "".join(re.escape(mark) for mark in fmt.thousands_marks)
    whole = rf"[0-9]{{1,{_MOST_DIGITS}}}"
    if marks:
        groups = "|".join(
            rf"[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}}){{1,3}}" for mark in fmt.thousands_marks
        )
        whole = rf"(?:{whole}|{groups})"
    fraction = "" if is_integer else rf"(?:{re.escape(fmt.decimal_mark)}[0-9]+)?"
    return rf"^-?{whole}{fraction}$"


def _plain_number(values: pa.Array, fmt: FileFormat, is_integer: bool) -> pa.Array:
    """Numbers with a dot, without thousands marks; integers without leading zeros."""
    for mark in fmt.thousands_marks:
        values = pc.replace_substring(values, mark, "")
    if fmt.decimal_mark != ".":
        values = pc.replace_substring(values, fmt.decimal_mark, ".")
    if is_integer and pc.any(pc.match_substring_regex(values, r"^-?0[0-9]")).as_py():
        values = pc.replace_substring_regex(values, r"^(-?)0+([0-9])", r"\1\2")
    return values


def validate(rows: pa.Table, contract: Contract, rules: Rules) -> Checked:
    """Check every value of a block (columns of the contract, as text) and write it canonically.

    The result has the same rows in the same order; those with a fault must not be loaded.
    """
    return _Check(rows, contract, rules).run()
