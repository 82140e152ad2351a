"""`habitue up`, `habitue down` and `habitue service`."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from orchestration.settings import Settings


def bring_up(settings: "Settings", console: "Console") -> None:
    """Start PostgreSQL, web server and daemon in the background; says where they are.

    Raises:
        ServiceFailed: a service does not start.
        PostgresUnreachable: the server does not answer or refuses a login.
    """
    from orchestration.instance import prepare_instance
    from orchestration.project import ensure_manifest
    from orchestration.services import start_services
    from orchestration.terminal import say

    with console.status("parsing the dbt project"):
        ensure_manifest(settings)
    with console.status("starting PostgreSQL" if settings.target == "postgres" else "preparing"):
        prepare_instance(settings)
    with console.status("starting web server and daemon"):
        start_services(settings)
    show_services(settings, console)
    say(
        console,
        "Next       let exports land in {folder}; [bold]habitue down[/] ends the services",
        folder=settings.landing_folder,
    )


def take_down(settings: "Settings", console: "Console") -> None:
    """End the services, what they started, and the embedded server; waits for their end.

    Raises:
        ServiceFailed: a process cannot be ended.
        EmbeddedPostgresFailed: the embedded server does not stop.
    """
    from orchestration.resources.embedded_postgres import embedded_postgres
    from orchestration.resources.lease import read_lease
    from orchestration.services import services
    from orchestration.terminal import say

    for service in reversed(services(settings)):
        with console.status(f"ending the {service.name} service"):
            ended = service.stop()
        state = f"ended ({len(ended)} processes)" if ended else "not running"
        say(console, "{service.name:<10} {state}", service=service, state=state)
    server = embedded_postgres(settings.home)
    if not server.is_running:
        return
    if (lease := read_lease(settings.home)) is not None:
        words = "postgres   left running: run {lease.run_id} of a command line uses it"
        say(console, words, lease=lease)
        return
    server.stop()
    say(console, "postgres   ended")


def show_services(settings: "Settings", console: "Console") -> None:
    """Which services run, since when, and whether they work."""
    from orchestration.resources.embedded_postgres import embedded_postgres
    from orchestration.service_health import ask_health
    from orchestration.services import services
    from orchestration.terminal import say, styled

    all_services = services(settings)
    if embedded_postgres(settings.home).is_running:
        say(console, "[bold]postgres[/]   running, embedded")
    if not any(service.holder for service in all_services):
        say(console, "[bold]Services[/]    none run; [bold]habitue up[/] starts them")
        return
    health = ask_health(settings.web_port)
    for service in all_services:
        holder = service.holder
        words = "process {holder.process} since {holder.since}" if holder else "[red]not running[/]"
        state = styled(words, holder=holder)
        say(console, "[bold]{service.name:<10}[/] {state}", service=service, state=state)
    if health.is_ready(0.0):
        say(console, "[bold]Open[/]       http://127.0.0.1:{port}", port=settings.web_port)
    else:
        say(console, "[yellow]![/] {health.missing}", health=health)


@click.command()
@click.argument("name", type=click.Choice(["code", "daemon", "web"]))
def service(name: str) -> None:
    """Be one service in the foreground, as a service manager wants it."""
    from orchestration.services import serve
    from orchestration.settings import get_settings

    serve(get_settings(), name)
