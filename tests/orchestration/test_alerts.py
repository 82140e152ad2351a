"""Mails of real runs on the sample exports, to a real SMTP server."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import dagster as dg
import pytest
from alerts.post_office import PostOffice, html_text, plain_text
from installation import REFUSED, Failure, FirstRun, Installation

from orchestration.automation.mail_sensors import WILL_RETRY, mail_sensors
from orchestration.instance import open_instance
from orchestration.project import load_manifest
from orchestration.resources.outbox import outbox_in
from orchestration.resources.owners import DEFAULT_OWNER, table_owners
from orchestration.settings import Settings

STORES = "stores@shop.fr"


@dataclass(frozen=True)
class Alerted:
    """A run that failed on a refused file while the mail server answered; then the server left."""

    home: Installation
    office: PostOffice
    success: bool
    output: str
    run_id: str


@pytest.fixture(scope="module")
def alerted(first_run: FirstRun, failure: Failure) -> Iterator[Alerted]:
    del failure  # it tells its own run by being the newest
    office = PostOffice()
    mail = {
        "smtp_host": "127.0.0.1",
        "smtp_port": office.port,
        "smtp_tls": "none",
        "smtp_from": "habitue@shop.fr",
        "alerts_to": "rest@shop.fr",
        "alerts_owners": f"team:customer-data={STORES}",
    }
    home = replace(
        first_run.home,
        settings=Settings.model_validate({**first_run.home.settings.model_dump(), **mail}),
    )
    path = home.plant_refused_file()
    try:
        with office.opened():
            success, output = home.run("cashmere")
    finally:
        path.unlink()
        path.with_name(path.name + ".done").unlink()
    with open_instance(home.settings) as instance:
        run_id = instance.get_runs(limit=1)[0].run_id
    yield Alerted(home, office, success, output, run_id)
    outbox_in(home.settings.home).file.unlink(missing_ok=True)


def test_owners_are_those_that_dagster_shows(home: Installation) -> None:
    from orchestration.definitions import build_definitions

    owners = table_owners(load_manifest(home.settings))
    for spec in build_definitions(home.settings).resolve_all_asset_specs():
        if spec.owners:
            assert owners.get(".".join(spec.key.path), (DEFAULT_OWNER,)) == tuple(spec.owners)
    assert {owner for named in owners.values() for owner in named} == {
        "analytics@example.com", "data-engineering@example.com", DEFAULT_OWNER,
    }  # fmt: skip


def test_a_failed_gate_is_one_mail_to_the_owner(alerted: Alerted) -> None:
    assert not alerted.success
    (mail,) = alerted.office.taken
    assert mail["To"] == STORES
    assert mail["Subject"] == (
        "habitue: Gate raw_cashmere failed on raw.cashmere_tickets: this job publishes nothing"
    )
    assert f"mail sent to {STORES}" in alerted.output


def test_the_mail_says_cause_effect_remedy_and_where_to_look(alerted: Alerted) -> None:
    (mail,) = alerted.office.taken
    for text in (plain_text(mail), html_text(mail)):
        assert f"{REFUSED}: HEADER_MISSING: the header lacks till_no" in text
        assert "add the columns to the export" in text
        assert "Still served: data as of " in text
        assert "Not built because of it: staging (8 tables)." in text
        assert f"http://127.0.0.1:3000/runs/{alerted.run_id}" in text
        assert "habitue run" in text


def test_the_daemon_sees_the_same_run_and_sends_no_second_mail(alerted: Alerted) -> None:
    failures, _ = mail_sensors(alerted.home.settings)
    before = outbox_in(alerted.home.settings.home).mails()
    with open_instance(alerted.home.settings) as instance:
        failures(_failure_of(instance, alerted.run_id))
    assert outbox_in(alerted.home.settings.home).mails() == before


def test_a_run_that_is_tried_again_is_not_reported(alerted: Alerted) -> None:
    failures, _ = mail_sensors(alerted.home.settings)
    with open_instance(alerted.home.settings) as instance:
        instance.add_run_tags(alerted.run_id, {WILL_RETRY: "true"})
        said = failures(_failure_of(instance, alerted.run_id))
    assert isinstance(said, dg.SkipReason)
    assert "tried again" in str(said.skip_message)


def _failure_of(instance: dg.DagsterInstance, run_id: str) -> dg.RunFailureSensorContext:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    (entry,) = instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    return dg.build_run_status_sensor_context(
        sensor_name="alerts",
        dagster_instance=instance,
        dagster_run=run,
        dagster_event=entry.get_dagster_event(),
    ).for_run_failure()


def test_a_run_stays_green_when_its_mail_cannot_be_sent(alerted: Alerted) -> None:
    """The samples are old, so that the marts are late; the server is closed by now."""
    success, output = alerted.home.run("magento")
    assert success, output
    assert "mail to rest@shop.fr waits (127.0.0.1:" in output
    assert "The marts are late: the last counted day is " in output


def test_the_sensor_sends_what_waits(alerted: Alerted) -> None:
    _, sender = mail_sensors(alerted.home.settings)
    outbox = outbox_in(alerted.home.settings.home)
    outbox.give_up(outbox.mails("waiting")[0].message_id, "made to wait anew")
    outbox.try_again()
    with alerted.office.opened():
        said = sender(dg.build_sensor_context())
    assert isinstance(said, dg.SkipReason)
    assert "1 mails sent, 0 wait" in str(said.skip_message)
    late = alerted.office.taken[-1]
    assert late["To"] == "rest@shop.fr"
    assert "The marts are late: the last counted day is " in late["Subject"]
    assert "sales_daily" in plain_text(late)
    assert "have exports stopped?" in plain_text(late)


def test_without_a_mail_server_the_sensors_say_so_and_store_nothing(
    first_run: FirstRun, alerted: Alerted
) -> None:
    failures, sender = mail_sensors(first_run.home.settings)
    before = outbox_in(alerted.home.settings.home).mails()
    with open_instance(alerted.home.settings) as instance:
        said = [failures(_failure_of(instance, alerted.run_id)), sender(dg.build_sensor_context())]
    assert all("HABITUE_SMTP_HOST is not set" in str(one) for one in said)
    assert outbox_in(alerted.home.settings.home).mails() == before
