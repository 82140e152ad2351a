"""Who owns a table, as the project declares it, and where that owner's mail goes."""

from collections.abc import Iterable, Mapping
from typing import Any

from orchestration.mail_settings import MailSettings

DEFAULT_OWNER = "team:customer-data"
# Reserved for examples (RFC 2606): nobody reads mail there.
EXAMPLE_DOMAINS = ("example.com", "example.org", "example.net", "example", "invalid", "test")

Owners = Mapping[str, tuple[str, ...]]


def table_owners(manifest: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The owners of every model and seed by `layer.table`, the same as Dagster shows.

    What is not listed (raw tables, the ledger, the publication) is DEFAULT_OWNER's.
    """
    groups = {group["name"]: group for group in manifest["groups"].values()}
    found: dict[str, tuple[str, ...]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed"):
            layer = node["config"].get("schema") or node["schema"]
            found[f"{layer}.{node['name']}"] = _declared(node, groups)
    return found


def _declared(node: Mapping[str, Any], groups: Mapping[str, Any]) -> tuple[str, ...]:
    named = node["meta"].get("dagster", {}).get("owners")
    named = named or groups.get(node.get("group") or "", {}).get("owner", {}).get("email")
    named = named or DEFAULT_OWNER
    return (named,) if isinstance(named, str) else tuple(named)


def owners_of(tables: Iterable[str], owners: Owners) -> list[str]:
    """The owners of some tables, each once, in the order of the tables."""
    named = (owner for table in tables for owner in owners.get(table, (DEFAULT_OWNER,)))
    return list(dict.fromkeys(named))


def recipients(settings: MailSettings, owner: str) -> list[str]:
    """The addresses that an owner's mail goes to; none when nobody is known.

    The mapping of the settings counts first, then the owner's own address, then ALERTS_TO. An
    address at a domain reserved for examples is used only when there is no ALERTS_TO.
    """
    if mapped := settings.owner_recipients.get(owner):
        return mapped
    address = [] if owner.startswith("team:") else [owner]
    if address and not _is_example(owner):
        return address
    return settings.default_recipients or address


def _is_example(address: str) -> bool:
    domain = address.rpartition("@")[2].lower()
    return any(domain == name or domain.endswith(f".{name}") for name in EXAMPLE_DOMAINS)
