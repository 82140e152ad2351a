"""A good row of any contract, so that a test can walk over all contracts."""

from orchestration.ingest.contract import Column, Contract

_PERSONAL = {
    "email": "lea.martin@example.org",
    "phone": "+33612345678",
    "card": "2900000000011",
    "name": "Martin",
    "magento_customer": "12",
}


def good_value(name: str, column: Column, contract: Contract) -> str:
    """A value that the column accepts."""
    if column.personal:
        return _PERSONAL[column.personal]
    if column.values:
        return column.values[0]
    if name in ("currency", "base_currency_code"):
        return "EUR"
    if "country" in name:
        return "FR"
    if name == "base_discount_amount":
        return "0"
    by_type = {
        "id": f"{name[:3]}1",
        "text": name,
        "integer": "1",
        "decimal": "1",
        "timestamp": _moment(contract.format.timestamps[0]),
        "date": _moment(contract.format.dates[0]),
        "boolean": "1",
        "zone": "Europe/Paris",
    }
    return by_type[column.type]


def _moment(form: str) -> str:
    from datetime import datetime

    return datetime(2025, 3, 1, 10, 0).strftime(form)


def export(contract: Contract, *changes: dict[str, str]) -> bytes:
    """An export with one row per given change to the good row."""
    mark = contract.format.delimiter
    good = {name: good_value(name, column, contract) for name, column in contract.columns.items()}
    lines = [mark.join(contract.names)]
    lines += [mark.join({**good, **change}[name] for name in contract.names) for change in changes]
    return ("\n".join(lines) + "\n").encode(contract.format.encoding)
