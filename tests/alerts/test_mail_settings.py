"""Who gets what, and which settings are refused."""

import pytest

from orchestration.resources.owners import DEFAULT_OWNER, recipients
from orchestration.settings import InvalidSettings, Settings, load_settings


def settings(**given: str) -> Settings:
    return Settings.model_validate(given)


def test_a_mapped_owner_gets_the_mail_at_each_of_its_addresses() -> None:
    given = settings(
        alerts_owners=(
            "team:customer-data=a@shop.example b@shop.example, analytics@example.com=c@shop.example"
        ),
        alerts_to="rest@shop.example",
    )
    assert recipients(given, DEFAULT_OWNER) == ["a@shop.example", "b@shop.example"]
    assert recipients(given, "analytics@example.com") == ["c@shop.example"]


def test_an_owner_with_an_address_gets_the_mail_there() -> None:
    assert recipients(settings(alerts_to="rest@shop.fr"), "marts@shop.fr") == ["marts@shop.fr"]


@pytest.mark.parametrize("owner", [DEFAULT_OWNER, "analytics@example.com", "x@mail.example.org"])
def test_teams_and_made_up_addresses_go_to_whoever_gets_the_rest(owner: str) -> None:
    assert recipients(settings(alerts_to="one@shop.fr, two@shop.fr"), owner) == [
        "one@shop.fr",
        "two@shop.fr",
    ]


def test_without_anybody_to_get_the_rest_the_declared_address_is_all_there_is() -> None:
    assert recipients(settings(), "analytics@example.com") == ["analytics@example.com"]
    assert recipients(settings(), DEFAULT_OWNER) == []


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_follows_the_encryption(tls: str, port: int) -> None:
    assert settings(smtp_tls=tls).mail_port == port
    assert settings(smtp_tls=tls, smtp_port="2525").mail_port == 2525


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALERTS_TO", "nobody", "'nobody' is no mail address"),
        ("SMTP_FROM", "a@shop.fr\nBcc: b@shop.fr", "is no mail address"),
        ("ALERTS_OWNERS", "team:customer-data", "maps no owner"),
        ("SMTP_PORT", "99999", "it must be 65535 or less"),
        ("SMTP_TLS", "ssl", "'starttls', 'tls' or 'none'"),
        ("UI_URL", "javascript:alert(1)", "http(s)://"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"HABITUE_{name}", value)
    with pytest.raises(InvalidSettings, match=f"HABITUE_{name}") as refused:
        load_settings()
    assert said in str(refused.value)


def test_a_password_never_travels_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HABITUE_SMTP_HOST", "mail.shop.fr")
    monkeypatch.setenv("HABITUE_SMTP_USER", "habitue")
    monkeypatch.setenv("HABITUE_SMTP_PASSWORD", "correct horse")
    monkeypatch.setenv("HABITUE_SMTP_TLS", "none")
    with pytest.raises(
        InvalidSettings, match=r"would travel readable to mail\.shop\.fr"
    ) as refused:
        load_settings()
    assert "horse" not in str(refused.value)
    monkeypatch.setenv("HABITUE_SMTP_HOST", "127.0.0.1")
    assert load_settings().smtp_host == "127.0.0.1"


def test_links_lead_to_where_the_ui_is_reached() -> None:
    assert settings(web_port="4000").ui_address == "http://127.0.0.1:4000"
    assert settings(ui_url="https://dagster.shop.fr/").ui_address == "https://dagster.shop.fr"


def test_the_password_is_in_no_text_of_the_settings() -> None:
    assert "horse" not in repr(settings(smtp_password="correct horse"))
