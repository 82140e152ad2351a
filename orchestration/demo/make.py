"""Puts demo exports into the landing folder of an installation, once."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from orchestration.demo import complete_journey
from orchestration.demo.generate import DEFAULT_END, generate
from orchestration.resources.fault_points import fault_point
from orchestration.resources.replacing import put_in_place
from orchestration.settings import Settings, get_settings

DataSet = Literal["synthetic", "complete-journey"]
Progress = Callable[[str], None]
FORMAT = 2  # raise it when the same parameters write other bytes than before


class DemoUnreadable(ValueError):
    """What the demo noted of its files is damaged; the message says the remedy."""


class LandingInUse(ValueError):
    """The landing folder holds files that the demo did not write; the message names one."""


@dataclass(frozen=True)
class DemoReport:
    """What the demo put into the landing folder.

    `settings` are those to go on with: the data set may bring its own currency and time zone.
    `truth_folder` holds raw identifiers and is None where no truth is known.
    """

    data: DataSet
    file_count: int
    order_lines: int
    is_new: bool
    messages: tuple[str, ...]
    seconds: float
    settings: Settings
    truth_folder: Path | None
    notice: str = ""


def make_demo(
    settings: Settings,
    data: DataSet = "synthetic",
    order_lines: int = 200_000,
    *,
    seed: int = 1,
    progress: Progress | None = None,
) -> DemoReport:
    """Fill the landing folder with a data set; quick when it is already there.

    Another data set, or another size, replaces the demo's own files, and with them the warehouse
    and what was published from it.

    Raises:
        LandingInUse: the landing folder holds files of others.
        MissingPackage: the real data's package is not installed.
        ValueError: too few order lines.
    """
    started = time.monotonic()
    wanted = _parameters(data, order_lines, seed)
    marker = _read_marker(settings)
    _refuse_others(settings, marker)
    if _is_complete(settings, marker, wanted):
        report = _report(settings, marker, is_new=False, messages=("the demo is already there",))
        return replace(report, seconds=time.monotonic() - started)
    messages = _clear(settings, marker)
    marker = _write(settings, wanted, progress or _silent)
    settings = _use_settings(settings, data)
    report = _report(settings, marker, is_new=True, messages=messages)
    return replace(report, seconds=time.monotonic() - started)


def _silent(_: str) -> None:
    return None


def _parameters(data: DataSet, order_lines: int, seed: int) -> dict[str, Any]:
    if data == "complete-journey":
        return {"format": FORMAT, "data": data}
    return {
        "format": FORMAT,
        "data": data,
        "order_lines": order_lines,
        "seed": seed,
        "end_date": DEFAULT_END.isoformat(),
    }


def _marker_path(settings: Settings) -> Path:
    return settings.demo_folder / "demo.json"


def _truth_folder(settings: Settings) -> Path:
    return settings.demo_folder / "truth"


class Marker(BaseModel):
    """What is read of the note that says which files are the demo's; it holds more."""

    parameters: dict[str, Any]
    files: dict[str, int]
    order_lines: int
    is_complete: bool


def _read_marker(settings: Settings) -> dict[str, Any]:
    path = _marker_path(settings)
    if not path.exists():
        return {}
    try:
        marker = json.loads(path.read_text(encoding="utf-8") if path.is_file() else "")
        Marker.model_validate(marker)
    except (ValueError, RecursionError):
        raise DemoUnreadable(
            f"{path} is damaged, and which files the demo wrote is not known: move it away, and "
            f"the demo's files out of {settings.landing_folder}, or set HABITUE_HOME to another "
            "folder; then `habitue demo` makes them anew"
        ) from None
    return marker


def _write_marker(settings: Settings, marker: dict[str, Any]) -> None:
    path = _marker_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    shadow = path.with_suffix(".tmp")
    shadow.write_text(json.dumps(marker, indent=1, default=str) + "\n", encoding="utf-8")
    put_in_place(shadow, path, "demo_marker")


def _landed(settings: Settings) -> list[str]:
    root = settings.landing_folder
    files = (path for path in root.rglob("*") if path.is_file())
    return sorted(path.relative_to(root).as_posix() for path in files)


def _refuse_others(settings: Settings, marker: dict[str, Any]) -> None:
    own = set(marker.get("files", {}))
    others = [name for name in _landed(settings) if name.removesuffix(".done") not in own]
    if others:
        raise LandingInUse(
            f"{settings.landing_folder} holds {len(others)} files that the demo did not write, "
            f"such as {others[0]!r}; choose another folder for the demo: set HABITUE_HOME "
            f"(now {settings.home}) and leave HABITUE_LANDING unset"
        )


def _is_complete(settings: Settings, marker: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if marker.get("parameters") != wanted or not marker.get("is_complete"):
        return False
    paths = {name: settings.landing_folder / name for name in marker["files"]}
    return all(
        path.is_file()
        and path.stat().st_size == marker["files"][name]
        and path.with_name(path.name + ".done").exists()
        for name, path in paths.items()
    )


def _clear(settings: Settings, marker: dict[str, Any]) -> tuple[str, ...]:
    """Remove what an earlier demo left: its files, its truth, the warehouse, the publication."""
    if not marker:
        return ()
    for name in marker["files"]:
        path = settings.landing_folder / name
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".done").unlink(missing_ok=True)
    folders = (
        _truth_folder(settings),
        settings.build_file.parent,
        settings.published_file.parent,
    )
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    _marker_path(settings).unlink()
    before = marker["parameters"]["data"]
    return (f"removed the earlier demo ({before}), its warehouse and what it had published",)


def _write(settings: Settings, wanted: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Write aside, note the names, then move in: an interruption leaves nothing unaccounted for."""
    settings.demo_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="landing_", dir=settings.demo_folder) as aside:
        folder = Path(aside)
        order_lines, totals = _draw(settings, folder, wanted, progress)
        paths = sorted(path for path in folder.rglob("*.csv*") if path.suffix != ".done")
        sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
        marker = {"parameters": wanted, "is_complete": False, "order_lines": order_lines}
        marker |= {"totals": totals, "files": sizes}
        _write_marker(settings, marker)
        for name in sizes:
            target = settings.landing_folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            fault_point("demo_file.before_rename")
            shutil.move(folder / name, target)
            fault_point("demo_file.after_rename")
            target.with_name(target.name + ".done").touch()
    marker["is_complete"] = True
    _write_marker(settings, marker)
    return marker


def _draw(
    settings: Settings, folder: Path, wanted: dict[str, Any], progress: Progress
) -> tuple[int, dict[str, Any]]:
    if wanted["data"] == "complete-journey":
        _, journey = complete_journey.write_complete_journey(folder, progress)
        return journey.lines, asdict(journey)
    truth = _truth_folder(settings)
    lines, seed = wanted["order_lines"], wanted["seed"]
    made = generate(folder, truth, lines, seed=seed, progress=progress)
    totals = {"people": made.people, "dirty_rows": made.dirty_rows}
    return made.order_lines, totals


def _use_settings(settings: Settings, data: DataSet) -> Settings:
    """Keep the real data's currency and time zone in settings.env, or take them out again."""
    path = settings.home / "settings.env"
    own = [
        f"HABITUE_CURRENCY={complete_journey.CURRENCY}",
        f"HABITUE_TIME_ZONE={complete_journey.TIME_ZONE}",
    ]
    before = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    lines = [line for line in before if line not in own]
    is_real = data == "complete-journey"
    if is_real:
        lines += own
    if lines == before:
        return settings
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    get_settings.cache_clear()
    currency = complete_journey.CURRENCY if is_real else Settings.model_fields["currency"].default
    zone = complete_journey.TIME_ZONE if is_real else Settings.model_fields["time_zone"].default
    return settings.model_copy(update={"currency": currency, "time_zone": zone})


def _report(
    settings: Settings, marker: dict[str, Any], *, is_new: bool, messages: tuple[str, ...]
) -> DemoReport:
    data: DataSet = marker["parameters"]["data"]
    is_real = data == "complete-journey"
    return DemoReport(
        data=data,
        file_count=len(marker["files"]),
        order_lines=marker["order_lines"],
        is_new=is_new,
        messages=messages,
        seconds=0,
        settings=settings,
        truth_folder=None if is_real else _truth_folder(settings),
        notice=complete_journey.NOTICE if is_real else "",
    )
