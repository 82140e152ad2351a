"""What may be typed: values of options that are judged before anything begins."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Judge = Callable[[click.Context, click.Parameter, str | None], str | None]
DAY = click.DateTime(formats=["%Y-%m-%d"])
PORT = click.IntRange(1, 65535)


def known(kind: str) -> Judge:
    """The judge of an option that names a `source` or an `entity`: one that has a contract."""

    def judge(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
        if value is None:
            return None
        from orchestration.ingest.contract import load_contracts

        place = ("source", "entity").index(kind)
        names = sorted({key[place] for key in load_contracts()})
        if value not in names:
            raise click.BadParameter(f"{value!r} is none of {', '.join(names)}")
        return value

    return judge


def source_option(help_text: str) -> Callable[..., Any]:
    """The option --source."""
    return click.option("--source", callback=known("source"), help=help_text)


def entity_option(help_text: str) -> Callable[..., Any]:
    """The option --entity."""
    return click.option("--entity", callback=known("entity"), help=help_text)


def in_a_folder(_context: click.Context, _argument: click.Parameter, value: str) -> str:
    """The judge of a file to be written: its folder is there."""
    folder = Path(value).parent
    if not folder.is_dir():
        raise click.BadParameter(f"there is no folder {folder}")
    return value
