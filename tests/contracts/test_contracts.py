"""The contracts say what the exports hold."""

import re
from pathlib import Path

import pytest

from orchestration.ingest.contract import InvalidContract, load_contracts, read_contract

MODELS = Path(__file__).parents[2] / "models"
MAGENTO = {
    "sales_order", "sales_order_item", "sales_creditmemo", "sales_creditmemo_item",
    "customer_entity", "newsletter_subscriber", "catalog_product_entity", "store",
}  # fmt: skip
CASHMERE = {"tickets", "ticket_lines", "customers", "products", "stores", "employees"}
PERSONAL = {
    ("magento", "sales_order"): {"customer_email": "email", "customer_id": "magento_customer"},
    ("magento", "sales_creditmemo"): {"customer_id": "magento_customer"},
    ("magento", "customer_entity"): {
        "entity_id": "magento_customer", "email": "email", "firstname": "name",
        "lastname": "name", "telephone": "phone",
    },
    ("magento", "newsletter_subscriber"): {
        "customer_id": "magento_customer", "subscriber_email": "email",
    },
    ("cashmere", "tickets"): {"card_no": "card"},
    ("cashmere", "customers"): {
        "card_no": "card", "first_name": "name", "last_name": "name", "email": "email",
        "mobile": "phone",
    },
    ("cashmere", "employees"): {"display_name": "name"},
}  # fmt: skip


def test_every_entity_has_a_contract() -> None:
    expected = {("magento", e) for e in MAGENTO} | {("cashmere", e) for e in CASHMERE}
    assert set(load_contracts()) == expected


def test_the_personal_columns_are_these_and_no_others() -> None:
    found = {
        key: {name: c.personal for name, c in contract.columns.items() if c.personal}
        for key, contract in load_contracts().items()
    }
    assert {key: columns for key, columns in found.items() if columns} == PERSONAL


def test_every_key_column_is_required() -> None:
    for contract in load_contracts().values():
        assert all(contract.columns[name].required for name in contract.key)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("columns: {a: {type: number}}\nkey: [a]\ndescription: x", "columns.a.type"),
        ("columns: {a: {type: id}}\nkey: [b]\ndescription: x", "rules name b"),
        ("- a", "must hold a mapping"),
        ("a: [", "is no YAML"),
    ],
)
def test_a_contract_that_cannot_be_used_says_why(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "till" / "sales.yml"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(InvalidContract, match=message):
        read_contract(path)


def test_every_column_of_a_contract_is_compared_between_contents_of_one_version() -> None:
    call = re.compile(
        r"contested_records\(\s*'(\w+)', '(\w+)', key=\[(.*?)\](?:, version='(\w+)')?,"
        r"\s*content=\[(.*?)\]",
        re.DOTALL,
    )
    named = re.compile(r"'(\w+)'")
    compared: dict[tuple[str, str], tuple[tuple[str, ...], str | None, set[str]]] = {}
    for model in MODELS.glob("staging/*/stg_*__contested_records.sql"):
        for source, entity, key, version, content in call.findall(model.read_text()):
            columns = (tuple(named.findall(key)), version or None, set(named.findall(content)))
            compared[source, entity] = columns
    # Of a ticket's lines the ticket's own total decides.
    contracts = {k: c for k, c in load_contracts().items() if k != ("cashmere", "ticket_lines")}
    assert compared == {
        name: (tuple(c.key), c.version, set(c.names) - set(c.key) - {c.version})
        for name, c in contracts.items()
    }
