"""The same rows give the same marts: run again, in another order, split into days."""

import gzip
import random
import re
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from pipeline.home import Home


def data_files(landing: Path) -> list[Path]:
    return sorted(path for path in landing.rglob("*.csv*") if not path.name.endswith(".done"))


def test_a_second_run_changes_no_published_row(loaded: Home) -> None:
    before = loaded.hashes()
    loaded.run()
    assert loaded.hashes() == before


def test_files_landing_in_another_order_over_several_runs_give_the_same_rows(
    loaded: Home, generated: Path, new_home: Callable[[str], Home]
) -> None:
    home = new_home("shuffled")
    files = data_files(generated / "landing")
    random.Random(7).shuffle(files)
    half = len(files) // 2
    for batch in (files[:half], files[half:]):
        for path in batch:
            target = home.landing / path.relative_to(generated / "landing")
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, target)
            target.with_name(target.name + ".done").touch()
        # Half of the files name what only the other half describes: that run may be stopped.
        home.ingest()
    home.run()
    assert home.hashes() == loaded.hashes()


DAY = re.compile(r"(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)/(\d\d)/(\d{4})) ")


def compact_day(text: str) -> str | None:
    """YYYYMMDD of a time as either source writes it."""
    if not (found := DAY.match(text)):
        return None
    year, month, day, day_first, month_second, year_last = found.groups()
    return f"{year}{month}{day}" if year else f"{year_last}{month_second}{day_first}"


def split_by_day(landing: Path, target: Path) -> int:
    """Deal every versioned row out to the file of the day it was changed on, in reverse order.

    Entities without a version keep their files: which of their rows is newer, only the file's
    name says. Gives the number of files written.
    """
    days: dict[Path, list[bytes]] = defaultdict(list)
    headers: dict[str, bytes] = {}
    for path in data_files(landing):
        source, stem = path.parent.name, path.name.split(".")[0]
        entity, file_day = stem.rsplit("_", 1)
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        header, *lines = raw.splitlines(keepends=True)
        names = header.decode().strip().split(";" if source == "cashmere" else ",")
        place = names.index("updated_at") if "updated_at" in names else None
        for line in lines:
            # No field before updated_at holds a quoted delimiter in the generated files.
            fields = line.decode("latin-1").strip().split(";" if source == "cashmere" else ",")
            changed = fields[place] if place is not None and len(fields) > place else ""
            day = compact_day(changed) or file_day
            days[target / source / f"{entity}_{day}.csv"].append(line)
        days.setdefault(target / source / f"{entity}_{file_day}.csv", [])
        headers[entity] = header
    for path, lines in days.items():
        path.parent.mkdir(exist_ok=True)
        header = headers[path.name.rsplit("_", 1)[0]]
        path.write_bytes(
            b"".join([header, *(line.rstrip(b"\r\n") + b"\n" for line in reversed(lines))])
        )
        path.with_name(path.name + ".done").touch()
    return len(days)


def test_files_split_by_day_give_the_same_rows(
    loaded: Home, generated: Path, new_home: Callable[[str], Home]
) -> None:
    home = new_home("split")
    assert split_by_day(generated / "landing", home.landing) > 500
    # How far a source's data reach is read from the names of its files (D5), and these are others.
    ((as_of,),) = loaded.rows("select distinct as_of from ops.publication")
    home.run("--as-of", str(as_of))
    hashes, expected = home.hashes(), loaded.hashes()
    for found in (hashes, expected):
        del found["marts.source_days"]
    assert hashes == expected
