"""A mail waits as long as it cannot be sent, and is sent once."""

import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Clock
from post_office import PostOffice

from orchestration.resources.letter import Alert
from orchestration.resources.mailer import Delivery, deliver, store
from orchestration.resources.outbox import Outbox
from orchestration.settings import PROJECT_ROOT, Settings

TO = "data@shop.example"


def put(settings: Settings, outbox: Outbox, alert: Alert, *recipients: str) -> int:
    return store(settings, outbox, "test", dict.fromkeys(recipients or (TO,), alert))


def states(outbox: Outbox) -> list[str]:
    return [mail.state for mail in outbox.mails()]


def test_a_mail_is_sent_once(
    settings: Settings, outbox: Outbox, open_office: PostOffice, alert: Alert
) -> None:
    put(settings, outbox, alert)
    done = deliver(settings, outbox)
    again = deliver(settings, outbox, at_once=True)
    assert [str(mail["To"]) for mail in open_office.taken] == [TO]
    assert len(done.sent) == 1
    assert again == Delivery()
    assert states(outbox) == ["sent"]


def test_two_observers_of_one_event_make_one_mail(
    settings: Settings, outbox: Outbox, open_office: PostOffice, alert: Alert
) -> None:
    assert put(settings, outbox, alert) == 1
    deliver(settings, outbox)
    other = Outbox(outbox.file)
    assert put(settings, other, replace(alert, title="the same, seen by another")) == 0
    deliver(settings, other)
    assert len(open_office.taken) == 1


def test_another_run_and_another_recipient_are_other_mails(
    settings: Settings, outbox: Outbox, open_office: PostOffice, alert: Alert
) -> None:
    put(settings, outbox, alert, TO, "boss@shop.example")
    put(settings, outbox, replace(alert, period="run-2"))
    deliver(settings, outbox)
    assert len({mail["Message-ID"] for mail in open_office.taken}) == 3


def test_a_server_that_is_down_makes_the_mail_wait(
    settings: Settings, outbox: Outbox, post_office: PostOffice, alert: Alert, clock: Clock
) -> None:
    put(settings, outbox, alert)
    done = deliver(settings, outbox)
    assert "waits (127.0.0.1:" in done.warnings[0]
    assert "refused" in done.warnings[0]
    with post_office.opened():
        assert deliver(settings, outbox) == Delivery(), "it pauses after a failed attempt"
        clock.wait(minutes=3)
        assert len(deliver(settings, outbox).sent) == 1
        clock.wait(hours=30)
        deliver(settings, outbox)
    assert len(post_office.taken) == 1


def test_a_temporary_refusal_makes_the_mail_wait(
    settings: Settings, outbox: Outbox, open_office: PostOffice, alert: Alert, clock: Clock
) -> None:
    put(settings, outbox, alert)
    open_office.recipient_answers = ["451 greylisted, come back"]
    open_office.data_answers = ["452 disk full"]
    for reason in ("451 greylisted", "452 disk full"):
        assert reason in deliver(settings, outbox).warnings[0]
        clock.wait(minutes=5)
    assert len(deliver(settings, outbox).sent) == 1
    assert len(open_office.taken) == 1


def test_a_refused_recipient_is_given_up_and_the_other_gets_the_mail(
    settings: Settings, outbox: Outbox, open_office: PostOffice, alert: Alert, clock: Clock
) -> None:
    put(settings, outbox, alert, "a-gone@shop.example", "b-there@shop.example")
    refused = sorted(outbox.mails(), key=lambda mail: mail.message_id)[0].recipient
    open_office.recipient_answers = ["550 no such user"]
    done = deliver(settings, outbox)
    assert (
        f"mail to {refused} is given up (recipient refused: 550 no such user)" in done.warnings[0]
    )
    assert len(done.sent) == 1
    clock.wait(hours=2)
    assert deliver(settings, outbox) == Delivery(), "it is not tried again"
    assert sorted(states(outbox)) == ["given_up", "sent"]


def test_what_was_given_up_can_be_sent_after_all(
    settings: Settings, outbox: Outbox, open_office: PostOffice, alert: Alert
) -> None:
    put(settings, outbox, alert)
    open_office.recipient_answers = ["550 no such user"]
    deliver(settings, outbox)
    assert outbox.try_again() == 1
    assert len(deliver(settings, outbox).sent) == 1


def test_a_mail_is_given_up_after_a_day_with_a_warning(
    settings: Settings, outbox: Outbox, alert: Alert, clock: Clock
) -> None:
    put(settings, outbox, alert)
    for _ in range(30):
        deliver(settings, outbox)
        clock.wait(minutes=45)
    assert states(outbox) == ["waiting"]
    clock.wait(hours=2)
    (warning,) = deliver(settings, outbox).warnings
    assert "is given up (waited for a day: 127.0.0.1:" in warning
    assert deliver(settings, outbox).warnings == []


def test_a_slow_server_is_given_two_chances_and_never_a_third_copy(
    settings: Settings, outbox: Outbox, open_office: PostOffice, alert: Alert, clock: Clock
) -> None:
    """It takes the mail but never says so in time: each attempt may have delivered."""
    slow = settings.model_copy(update={"smtp_timeout": 0.3})
    open_office.delay_seconds = 1
    put(settings, outbox, alert)
    warnings: list[str] = []
    for _ in range(5):
        warnings += deliver(slow, outbox).warnings
        clock.wait(hours=1)
    assert "does not answer within 0.3 s" in warnings[0]
    assert "handed over twice without an answer" in warnings[-1]
    assert len(open_office.taken) == 2
    assert len({mail["Message-ID"] for mail in open_office.taken}) == 1


SEND = """
import sys
from pathlib import Path
from orchestration.resources.mailer import deliver
from orchestration.resources.outbox import Outbox
from orchestration.settings import Settings
deliver(Settings.model_validate_json(sys.argv[1]), Outbox(Path(sys.argv[2])))
"""


def test_a_sender_killed_before_the_servers_word_costs_one_duplicate_at_most(
    settings: Settings, open_office: PostOffice, alert: Alert
) -> None:
    outbox = Outbox(settings.home / "outbox.sqlite")
    put(settings, outbox, alert)
    open_office.delay_seconds = 3
    arguments = [sys.executable, "-c", SEND, settings.model_dump_json(), str(outbox.file)]
    sender = subprocess.Popen(arguments, cwd=PROJECT_ROOT)
    while not open_office.taken and sender.poll() is None:
        time.sleep(0.02)
    sender.kill()
    assert sender.wait() == -signal.SIGKILL
    assert states(outbox) == ["waiting"]
    open_office.delay_seconds = 0
    deliver(settings, outbox)
    deliver(settings, outbox, at_once=True)
    assert len(open_office.taken) == 2
    assert len({mail["Message-ID"] for mail in open_office.taken}) == 1
    assert states(outbox) == ["sent"]


def test_one_process_sends_at_a_time(
    settings: Settings, outbox: Outbox, open_office: PostOffice, alert: Alert
) -> None:
    put(settings, outbox, alert)
    with outbox.sending() as alone:
        assert alone
        assert deliver(settings, outbox) == Delivery()
    assert open_office.taken == []
    senders = [threading.Thread(target=deliver, args=(settings, outbox)) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(open_office.taken) == 1


def test_a_refused_login_is_a_setting_to_correct_and_the_mail_waits(
    settings: Settings, outbox: Outbox, post_office: PostOffice, alert: Alert, clock: Clock
) -> None:
    named = {"smtp_user": "habitue", "smtp_password": "wrong horse"}
    wrong = Settings(**{**settings.model_dump(exclude={"smtp_user", "smtp_password"}), **named})
    right = Settings(**{**wrong.model_dump(), "smtp_password": "correct horse"})
    put(settings, outbox, alert)
    with post_office.opened(authenticator=post_office.authenticate, auth_require_tls=False):
        (warning,) = deliver(wrong, outbox).warnings
        assert "535" in warning
        assert "horse" not in warning + str(outbox.mails())
        clock.wait(minutes=5)
        deliver(right, outbox)
    assert len(post_office.taken) == 1
    assert post_office.logins[-1] == (b"habitue", b"correct horse")


def test_the_outbox_is_for_its_owner_only(settings: Settings, outbox: Outbox, alert: Alert) -> None:
    put(settings, outbox, alert)
    assert outbox.file.stat().st_mode & 0o077 == 0


def test_mails_that_ended_long_ago_are_forgotten(
    settings: Settings, outbox: Outbox, open_office: PostOffice, alert: Alert, clock: Clock
) -> None:
    put(settings, outbox, alert)
    deliver(settings, outbox)
    clock.wait(days=29)
    deliver(settings, outbox)
    assert states(outbox) == ["sent"]
    clock.wait(days=2)
    deliver(settings, outbox)
    assert states(outbox) == []


@pytest.mark.parametrize("mode", ["starttls", "tls"])
def test_a_connection_is_encrypted_and_the_certificate_is_checked(
    settings: Settings,
    outbox: Outbox,
    post_office: PostOffice,
    alert: Alert,
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
) -> None:
    from certificate import make_certificate

    certificate, context = make_certificate(tmp_path)
    options = (
        {"tls_context": context, "require_starttls": True}
        if mode == "starttls"
        else {"ssl_context": context}
    )
    secure = Settings(**{**settings.model_dump(), "smtp_tls": mode})
    put(settings, outbox, alert)
    with post_office.opened(**options):
        (warning,) = deliver(secure, outbox).warnings
        assert "certificate" in warning.lower()
        clock.wait(minutes=5)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert len(deliver(secure, outbox).sent) == 1
    assert len(post_office.taken) == 1
