"""Being a service, without Dagster's programs."""

import socket

import dagster as dg
import pytest

from orchestration import project, services
from orchestration.automation.retention import retention_sensor
from orchestration.resources.lease import hold_lock
from orchestration.services import AlreadyServing, Service, ServiceFailed, serve, start_services
from orchestration.settings import Settings, get_settings

pytestmark = pytest.mark.postgres


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that each service had when Dagster's program would have taken over."""
    found: list[Settings] = []
    monkeypatch.setattr(services, "_become", lambda service: found.append(get_settings()))
    monkeypatch.setattr(project, "ensure_manifest", lambda settings: None)
    monkeypatch.setenv("HABITUE_SERVICE", "")
    return found


@pytest.fixture
def unset(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation that says nothing of schedules and sensors, as a service manager finds it."""
    monkeypatch.setenv("HABITUE_AUTOMATION", "")
    get_settings.cache_clear()
    return get_settings()


def test_under_services_schedules_and_sensors_run_unasked(
    unset: Settings, became: list[Settings]
) -> None:
    assert unset.automation is None
    serve(unset, "code")
    assert became[0].automation is True
    assert retention_sensor(became[0]).default_status == dg.DefaultSensorStatus.RUNNING


def test_who_switched_them_off_finds_them_off(
    unset: Settings, became: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HABITUE_AUTOMATION", "false")
    serve(unset.model_copy(update={"automation": False}), "code")
    assert became[0].automation is False
    assert retention_sensor(became[0]).default_status == dg.DefaultSensorStatus.STOPPED


def test_a_service_holds_its_lock_while_it_serves(
    unset: Settings, became: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(unset, "code")
    held: list[bool] = []
    monkeypatch.setattr(services, "_become", lambda own: held.append(own.holder is not None))
    serve(unset, "code")
    assert held == [True]
    assert service.holder is None


def test_a_second_service_of_the_same_name_says_where_the_first_is(
    unset: Settings, became: list[Settings]
) -> None:
    with (
        hold_lock(Service(unset, "code").lock, "code"),
        pytest.raises(AlreadyServing, match="the code service runs already, in process"),
    ):
        serve(unset, "code")
    assert became == []


def test_a_port_that_another_program_has_is_named_before_anything_starts(
    settings: Settings,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        taken = settings.model_copy(update={"web_port": port})
        with pytest.raises(ServiceFailed, match=f"port {port} .* HABITUE_WEB_PORT"):
            start_services(taken)
    assert [service.holder for service in services.services(taken)] == [None, None, None]
