"""The dashboard's assets name only what is there: columns of the marts, metrics, charts."""

from pathlib import Path
from typing import Any

import pytest
import sqlglot
import yaml
from sqlglot import exp

from orchestration.settings import PROJECT_ROOT

ASSETS = PROJECT_ROOT / "dashboards" / "superset" / "assets"
Document = dict[str, Any]


def documents(folder: Path, pattern: str) -> list[Document]:
    return [yaml.safe_load(file.read_text()) for file in sorted(folder.rglob(pattern))]


DATASETS = {dataset["uuid"]: dataset for dataset in documents(ASSETS / "datasets", "*.yaml")}
CHARTS = {chart["uuid"]: chart for chart in documents(ASSETS / "charts", "*.yaml")}
MARTS = {
    model["name"]: {column["name"] for column in model["columns"]}
    for document in documents(PROJECT_ROOT / "models" / "marts", "*__models.yml")
    for model in document["models"]
}


def names(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda dataset: dataset["table_name"])
def test_a_dataset_reads_columns_that_its_mart_has(dataset: Document) -> None:
    columns = MARTS[dataset["table_name"]]
    calculated = {one["column_name"] for one in dataset["columns"] if one["expression"]}
    expressions = [one["expression"] for one in [*dataset["metrics"], *dataset["columns"]]]
    read = {
        column.name
        for expression in expressions
        if expression
        for column in sqlglot.parse_one(expression, dialect="postgres").find_all(exp.Column)
    }
    shown = {one["column_name"] for one in dataset["columns"]} - calculated
    assert dataset["schema"] == "marts"
    assert read and read | shown | {dataset["main_dttm_col"]} <= columns


@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda chart: chart["slice_name"])
def test_a_chart_asks_for_metrics_and_columns_that_its_dataset_has(chart: Document) -> None:
    dataset, form = DATASETS[chart["dataset_uuid"]], chart["params"]
    columns = MARTS[dataset["table_name"]] | {one["column_name"] for one in dataset["columns"]}
    metrics = names(form.get("metrics")) + names(form.get("metric"))
    asked = names(form.get("x_axis")) + names(form.get("groupby"))
    asked += [one["subject"] for one in form["adhoc_filters"]]
    assert metrics
    assert set(metrics) <= {one["metric_name"] for one in dataset["metrics"]}
    assert set(asked) <= columns


def test_the_dashboard_shows_every_chart_and_filters_by_columns_that_exist() -> None:
    (dashboard,) = documents(ASSETS / "dashboards", "*.yaml")
    shown = [
        part["meta"]["uuid"]
        for part in dashboard["position"].values()
        if isinstance(part, dict) and part["type"] == "CHART"
    ]
    assert sorted(shown) == sorted(CHARTS)
    for one in dashboard["metadata"]["native_filter_configuration"]:
        for target in filter(None, one["targets"]):
            table = DATASETS[target["datasetUuid"]]["table_name"]
            assert target["column"]["name"] in MARTS[table]


def test_the_database_is_read_as_bi_reader_and_its_password_is_nowhere() -> None:
    (database,) = documents(ASSETS / "databases", "*.yaml")
    assert database["sqlalchemy_uri"].startswith("postgresql://bi_reader:XXXXXXXXXX@")
    assert "password" not in database
    assert not any(database[name] for name in ("allow_dml", "allow_ctas", "allow_csv_upload"))
