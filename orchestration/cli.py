"""The command line. Nothing is imported before it is needed, so that help and status are quick."""

import io
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestration.arguments import DAY, PORT, entity_option, in_a_folder, source_option
from orchestration.ending import listen, told_to_end
from orchestration.failures import EXIT_FAILED, exit_code, sentence
from orchestration.landing_cli import landing
from orchestration.mail_cli import mail, watchdog
from orchestration.plain_text import plain
from orchestration.postgres_cli import postgres
from orchestration.services_cli import bring_up, service, show_services, take_down

if TYPE_CHECKING:
    from rich.console import Console

    from orchestration.settings import Settings

LEAST_DEMO_LINES = 500  # of fewer the demo cannot plant every kind of trap
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Sentences(click.Group):
    """A group of commands that end every failure with a sentence and an exit code, never a trace.

    This is the outermost place that sees an exception; the commands let theirs pass.
    """

    def invoke(self, ctx: click.Context) -> object:
        """Carry out the command."""
        for stream in (sys.stdout, sys.stderr):
            # A terminal that knows fewer letters than our words shows their numbers.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        os.umask(0o077)  # files of an installation are its owner's alone
        listen()
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except (Exception, KeyboardInterrupt) as error:
            if (ended := told_to_end()) is not None:
                click.echo(err=True)
                click.echo(plain(f"habitue: {ended.sentence}"), err=True)
                ctx.exit(ended.exit_code)
            if isinstance(error, KeyboardInterrupt):
                raise
            home = Path(os.environ.get("HABITUE_HOME") or ".habitue").resolve()
            click.echo(plain(f"habitue: {sentence(error, home)}"), err=True)
            ctx.exit(exit_code(error))


@click.group(cls=Sentences, context_settings=CONTEXT)
@click.version_option(package_name="habitue", prog_name="habitue")
def main() -> None:
    """From shop and till exports to one customer base that can be trusted.

    All state lives in one folder, HABITUE_HOME (by default .habitue). Exports land in its landing
    folder, or in HABITUE_LANDING; BI tools open its published/habitue.duckdb.

    \b
    A first look       habitue demo
    Your own exports   habitue run
    The graph          habitue dev
    For a team         habitue up
    """  # noqa: D301 click reads the escaped b


main.add_command(postgres)
main.add_command(service)


@main.command()
def up() -> None:
    """Start PostgreSQL, the Dagster UI and its daemon in the background, on 127.0.0.1.

    The nightly schedule and the sensors run from then on, unless they were stopped in the UI or by
    HABITUE_AUTOMATION=false. What runs already is left alone.
    """
    bring_up(_settings(), _console())


@main.command()
def down() -> None:
    """End what `habitue up` started; an active run is ended too, and made up for later."""
    take_down(_settings(), _console())


main.add_command(landing)
main.add_command(mail)
main.add_command(watchdog)


@main.command()
@click.option(
    "--data",
    type=click.Choice(["generated", "complete-journey"]),
    default="generated",
    show_default=True,
    help="made-up exports, or real grocery sales",
)
@click.option(
    "--lines",
    type=click.IntRange(min=LEAST_DEMO_LINES),
    default=200_000,
    show_default=True,
    help="order lines to generate",
)
def demo(data: str, lines: int) -> None:
    """Make demo exports and run everything on them."""
    from orchestration.demo.make import make_demo
    from orchestration.preparation import parsed_beside
    from orchestration.terminal import say, styled

    settings, console = _settings(), _console()
    making = console.status("making the demo's exports")
    with parsed_beside(settings), making as status:
        kind = "synthetic" if data == "generated" else "complete-journey"
        report = make_demo(
            settings, kind, lines, progress=lambda text: status.update(styled("{text}", text=text))
        )
    for message in report.messages:
        say(console, "{message}", message=message)
    if report.notice:
        say(console, "{notice}", notice=report.notice)
    _run(report.settings, "everything")


@main.command()
@click.option(
    "--as-of",
    type=DAY,
    metavar="DATE",
    help="last day to count, YYYY-MM-DD; else the last complete one",
)
@source_option("load and stage this source alone; publishes nothing")
def run(as_of: datetime | None, source: str | None) -> None:
    """Run everything on what has landed, and publish it if every gate passes.

    Exit code 0: published. 1: a step or a gate failed, what was published before is still served.
    75: another run is active.
    """
    if as_of:
        os.environ["HABITUE_AS_OF"] = as_of.date().isoformat()
    from orchestration.preflight import require_exports

    settings = _settings()
    if settings.target == "duckdb":
        require_exports(settings)
    _run(settings, source or "everything")


@main.command()
def status() -> None:
    """Show the services, what is published and how old it is, the last run, and what waits."""
    from orchestration.commands import show_status

    show_services(_settings(), _console())
    if not show_status(_settings(), _console()):
        sys.exit(EXIT_FAILED)


@main.group()
def quarantine() -> None:
    """Look at rows that could not be loaded, and try them again."""


@quarantine.command("list")
@source_option("only this source")
@entity_option("only this entity")
@click.option(
    "--limit", type=click.IntRange(min=0), default=50, show_default=True, help="rows to show"
)
def list_rows(source: str | None, entity: str | None, limit: int) -> None:
    """List open rows: file, line, column, reason and what to do."""
    from orchestration.commands import show_quarantine

    show_quarantine(_settings(), _console(), source, entity, limit)


@quarantine.command("retry")
@source_option("only this source")
@entity_option("only this entity")
def retry_rows(source: str | None, entity: str | None) -> None:
    """Check the open rows again, after a contract or a rate was corrected."""
    from orchestration.commands import retry_quarantined

    retry_quarantined(_settings(), _console(), source, entity)


@main.command()
def prepare() -> None:
    """Parse the dbt project and set up the Dagster instance; quick when nothing changed."""
    from orchestration import commands

    commands.prepare(_settings(), _console())


@main.command()
@click.argument(
    "destination",
    default="docs/kpi_dictionary.md",
    type=click.Path(dir_okay=False, writable=True),
    callback=in_a_folder,
)
def dictionary(destination: str) -> None:
    """Write the KPI dictionary, what every published column means, from the models."""
    from orchestration.kpi_dictionary import write_kpi_dictionary
    from orchestration.project import ensure_manifest

    write_kpi_dictionary(ensure_manifest(_settings()), Path(destination))
    click.echo(plain(f"wrote {destination}"))


@main.command()
def check() -> None:
    """Check settings, folders, key, contracts, expectations and the dbt project; runs nothing."""
    from orchestration.commands import check_installation

    if not check_installation(_settings(), _console()):
        sys.exit(EXIT_FAILED)


@main.command()
@click.option("--check", is_flag=True, help="only say the versions; exit code 1 when they differ")
def migrate(check: bool) -> None:
    """Upgrade habitue's own tables to the version that it needs; every run begins with this."""
    from orchestration.migrations.report import check_version, migrate_now

    if not check:
        migrate_now(_settings(), _console())
    elif not check_version(_settings(), _console()):
        sys.exit(EXIT_FAILED)


@main.command()
@click.option("--port", type=PORT, default=3000, show_default=True)
def dev(port: int) -> None:
    """Serve the Dagster UI on 127.0.0.1, with schedules and sensor, over the same state."""
    from orchestration.commands import serve

    serve(_settings(), _console(), port)


def _run(settings: "Settings", job_name: str) -> None:
    from orchestration.commands import run_job

    success = run_job(settings, job_name, _console())
    sys.exit(0 if success else EXIT_FAILED)


def _settings() -> "Settings":
    from orchestration.settings import get_settings

    return get_settings()


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False)
