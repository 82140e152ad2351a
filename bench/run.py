"""Where the time of a whole run goes: the demo in a fresh home, from its first look to its summary.

Usage: python -m bench.run [order lines]
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.ingest import peak_megabytes

DEFAULT_LINES = 200_000
LAYERS = ("raw__", "gate", "staging", "unified", "golden_customer", "enriched", "marts")


def run_demo(home: Path, lines: int) -> tuple[float, resource.struct_rusage]:
    """Make exports and run everything on them; wall seconds and what the process used.

    Raises:
        RuntimeError: the demo failed; its output is in the message.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("habitue"), "demo", "--lines", str(lines)],
        env={**os.environ, "HABITUE_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"the demo failed:\n{output}")
    return time.perf_counter() - began, usage


def seconds_by_layer(steps: list[dict[str, Any]]) -> dict[str, float]:
    """Step seconds summed over each layer and over the gates; what fits none is `other`."""
    spent: dict[str, float] = {}
    for step in steps:
        key = str(step["key"])
        layer = next((name for name in LAYERS if key.startswith(name)), "other").rstrip("_")
        spent[layer] = spent.get(layer, 0.0) + float(step["seconds"])
    return spent


def main(lines: int = DEFAULT_LINES) -> None:
    """Print the run's time by layer, by kind of work, and its fixed cost."""
    with tempfile.TemporaryDirectory() as folder:
        wall, usage = run_demo(Path(folder), lines)
        report: dict[str, Any] = json.loads((Path(folder) / "last_run.json").read_text())
    cpu = usage.ru_utime + usage.ru_stime
    print(f"{lines:,} order lines: {wall:.1f} s wall, {cpu:.1f} s CPU,")
    print(f"peak {peak_megabytes(usage):.0f} MB; the run itself {report['seconds']:.1f} s")
    kinds: dict[str, float] = report["spent_seconds"]
    fixed: float = report["fixed_seconds"]
    rest = fixed - kinds.get("load", 0.0)
    print(f"fixed cost, all that is not SQL: {fixed:.1f} s; without loading {rest:.1f} s")
    for title, spent in (
        ("by layer", seconds_by_layer(report["steps"])),
        ("by kind of work", kinds),
    ):
        print(f"\n{title}")
        for name, seconds in sorted(spent.items(), key=lambda item: -item[1]):
            print(f"  {name:26}{seconds:7.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_LINES)
