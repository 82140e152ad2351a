"""`habitue mail`, and what `habitue status` says of mails."""

from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result
from post_office import PostOffice, plain_text

from orchestration.cli import main
from orchestration.resources.letter import Alert
from orchestration.resources.mailer import deliver, store
from orchestration.resources.outbox import outbox_in
from orchestration.settings import Settings, get_settings

Habitue = Callable[..., Result]


@pytest.fixture
def habitue(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Habitue]:
    """The command line on the test's home and mail server."""
    for name in ("home", "smtp_host", "smtp_port", "smtp_tls", "smtp_from", "alerts_to"):
        monkeypatch.setenv(f"HABITUE_{name.upper()}", str(getattr(settings, name)))
    get_settings.cache_clear()
    yield lambda *words: CliRunner().invoke(main, list(words))
    get_settings.cache_clear()


def put(settings: Settings, alert: Alert) -> None:
    store(settings, outbox_in(settings.home), "test", {"data@shop.example": alert})


def test_a_test_mail_says_that_the_settings_work(habitue: Habitue, open_office: PostOffice) -> None:
    result = habitue("mail", "test", "me@shop.example")
    assert result.exit_code == 0, result.output
    (mail,) = open_office.taken
    assert mail["To"] == "me@shop.example"
    assert "This is a test" in plain_text(mail)


def test_a_test_mail_that_is_not_taken_says_why(habitue: Habitue) -> None:
    result = habitue("mail", "test", "me@shop.example")
    assert result.exit_code == 1
    assert "mail to me@shop.example waits (127.0.0.1:" in result.output
    assert "is no mail address" in habitue("mail", "test", "me").output


def test_what_waits_is_listed_shown_in_the_status_and_sent_on_demand(
    habitue: Habitue, settings: Settings, post_office: PostOffice, alert: Alert
) -> None:
    put(settings, alert)
    deliver(settings, outbox_in(settings.home))
    assert "waiting" in habitue("mail", "list").output
    assert "waiting: to data@shop.example (127.0.0.1:" in habitue("status").output
    with post_office.opened():
        assert "mail sent to data@shop.example" in habitue("mail", "send").output
        assert habitue("mail", "send").output == "no mail waits\n"
    assert habitue("mail", "list").output.startswith("sent ")
    assert "data@shop.example" not in habitue("status").output
    assert len(post_office.taken) == 1


def test_what_was_given_up_is_shown_and_can_be_tried_again(
    habitue: Habitue, settings: Settings, open_office: PostOffice, alert: Alert
) -> None:
    put(settings, alert)
    open_office.recipient_answers = ["550 no such user"]
    assert habitue("mail", "send").exit_code == 1
    assert "given up: to data@shop.example (recipient refused: 550" in habitue("status").output
    result = habitue("mail", "retry")
    assert result.exit_code == 0
    assert "1 mails wait again" in result.output
    assert len(open_office.taken) == 1


def test_without_a_mail_server_there_is_nowhere_to_send_to(
    habitue: Habitue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HABITUE_SMTP_HOST", "")
    result = habitue("mail", "send")
    assert result.exit_code == 1
    assert "HABITUE_SMTP_HOST is not set" in result.output
