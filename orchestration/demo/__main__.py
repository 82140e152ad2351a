"""`python -m orchestration.demo FOLDER`: write a demo into a folder of one's own."""

from pathlib import Path

import click

from orchestration.demo.generate import generate


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--order-lines", default=200_000, show_default=True, help="purchased products")
@click.option("--seed", default=1, show_default=True, help="the same seed gives the same bytes")
def main(folder: Path, order_lines: int, seed: int) -> None:
    """Write exports into FOLDER/landing and the truth about them into FOLDER/truth."""
    made = generate(
        folder / "landing", folder / "truth", order_lines, seed=seed, progress=click.echo
    )
    click.echo(
        f"{made.order_lines:,} order lines of {made.people:,} people in {len(made.files)} files, "
        f"{made.dirty_rows:,} dirty rows; {made.seconds:.1f} s, "
        f"{made.lines_per_second:,.0f} lines per second"
    )


if __name__ == "__main__":
    main()
