"""`habitue landing`: what waits in the landing folder, and held files."""

import click

from orchestration.plain_text import plain


@click.group()
def landing() -> None:
    """See what waits in the landing folder and why; let a held file load.

    A file is held when it has less than half of the rows that its kind usually has on that weekday:
    a transfer that was cut between two rows looks like a whole file. While one is held, the gate of
    its source fails and what was published is still served. Send it again whole, take it away, or,
    if that is all there is, accept it.
    """


@landing.command("list")
def list_waiting() -> None:
    """List what is not loaded: what waits, is arriving, held, refused or not taken, and why."""
    from orchestration.ingest.accept import waiting
    from orchestration.settings import get_settings

    found = waiting(get_settings())
    for one in found:
        click.echo(plain(f"{one.step:<9} {one.text}"))
    if not found:
        click.echo(plain(f"nothing waits in {get_settings().landing_folder}"))


@landing.command()
@click.argument("file")
def accept(file: str) -> None:
    """Let the held FILE load with the next run, as it lies there now.

    FILE is its name, or source/name. The ledger notes who accepted which bytes, and when.
    """
    from orchestration.ingest.accept import accept as accept_held
    from orchestration.settings import get_settings

    click.echo(plain(accept_held(get_settings(), file)))
    click.echo("Next: `habitue run` loads it")
