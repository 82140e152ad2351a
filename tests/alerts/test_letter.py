"""What a mail says, and what data cannot do to it."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import cast

import pytest
from post_office import PostOffice, html_text, plain_text

from orchestration.resources.letter import (
    SUBJECT_CHARACTERS,
    Alert,
    Cause,
    compose,
    without_addresses,
)
from orchestration.resources.mailer import deliver, store
from orchestration.resources.outbox import Outbox
from orchestration.settings import Settings

WRITTEN_AT = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)


def written(alert: Alert, recipient: str = "data@shop.example") -> EmailMessage:
    """The mail of an alert, as a reader gets it."""
    mail = compose(
        alert,
        installation="/srv/habitue on shop1",
        recipient=recipient,
        sender="habitue@shop.example",
        written_at=WRITTEN_AT,
    )
    return cast(EmailMessage, message_from_bytes(mail.as_bytes(policy=SMTP), policy=default))


def test_both_forms_say_cause_effect_remedy_and_link(alert: Alert) -> None:
    mail = written(alert)
    for text in (plain_text(mail), html_text(mail)):
        for said in (
            "gate raw_cashmere, table raw.cashmere_tickets",
            "a column is missing",
            "data as of 2026-03-01, published 25 h ago",
            "Send the export again.",
            "http://127.0.0.1:3000/runs/run-1",
            "/srv/habitue on shop1",
        ):
            assert said in text


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x00", "\x85"])
def test_a_line_break_in_data_becomes_no_header(
    alert: Alert,
    settings: Settings,
    outbox: Outbox,
    open_office: PostOffice,
    line_break: str,
) -> None:
    evil = replace(alert, title=f"Gate failed{line_break}Bcc: thief@elsewhere.example")
    store(settings, outbox, f"home{line_break}X-Evil: 1", {"data@shop.example": evil})
    deliver(settings, outbox)
    (mail,) = open_office.taken
    assert mail["Bcc"] is None
    assert mail["X-Evil"] is None
    assert mail["Subject"] == "habitue: Gate failed Bcc: thief@elsewhere.example"


def test_markup_in_data_stays_text(alert: Alert) -> None:
    evil = "<script>alert(1)</script> <img src=x onerror=alert(1)>"
    html = html_text(written(replace(alert, title=evil, causes=[Cause(evil, [evil])])))
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


def test_a_command_is_set_apart(alert: Alert) -> None:
    html = html_text(written(replace(alert, next_steps=["Then `habitue run` <now>."])))
    assert ">habitue run</code> &lt;now&gt;." in html


def test_a_long_title_makes_a_short_subject(alert: Alert) -> None:
    subject = written(replace(alert, title="x" * 1000))["Subject"]
    assert len(subject) == SUBJECT_CHARACTERS
    assert subject.endswith("…")


def test_letters_of_every_language_arrive(alert: Alert) -> None:
    name = "Boutique « Été » 東京"
    mail = written(replace(alert, title=name, causes=[Cause(name, [name])]))
    assert name in mail["Subject"]
    assert name in plain_text(mail)


def test_the_same_alert_to_the_same_person_has_the_same_identity(alert: Alert) -> None:
    first = written(alert)["Message-ID"]
    assert written(replace(alert, title="told otherwise"))["Message-ID"] == first
    assert written(alert, "DATA@shop.example")["Message-ID"] == first
    others = [
        written(replace(alert, period="run-2")),
        written(replace(alert, kind="late")),
        written(alert, "boss@shop.example"),
    ]
    assert first not in [mail["Message-ID"] for mail in others]
    assert first.endswith("@shop.example>")


def test_automatic_answers_are_not_asked_for(alert: Alert) -> None:
    assert written(alert)["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    "text", ["ada@example.com", "key (email)=(ada+x@example.co.uk) exists", "<ada@example.com>"]
)
def test_an_address_in_an_error_is_masked(text: str) -> None:
    assert "ada" not in without_addresses(text)
    assert "(an address)" in without_addresses(text)


def test_a_database_in_an_error_keeps_its_name() -> None:
    text = "PostgreSQL does not answer at habitue@db.shop.fr:5432/habitue"
    assert without_addresses(text) == text
