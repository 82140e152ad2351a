"""dbt's first parse of the project, in a process of its own beside what else comes before a run."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

from orchestration.permissions import without_key
from orchestration.project import manifest_is_fresh, set_aside_damaged_manifest
from orchestration.settings import Settings

# What parsing makes lives as long as its process: looking for garbage among it only costs time.
PARSE = """
import gc
gc.disable()
from orchestration.project import ensure_manifest
from orchestration.settings import get_settings
ensure_manifest(get_settings())
"""


@contextmanager
def parsed_beside(settings: Settings) -> Generator[None]:
    """Have the project parsed by the end of the block, on another core, if it has to be.

    Says nothing when dbt cannot parse it: `ensure_manifest` then tries again, and says why.
    """
    if manifest_is_fresh(settings):
        yield
        return
    set_aside_damaged_manifest(settings)  # here, where it is told
    place = {"HABITUE_HOME": str(settings.home), "HABITUE_TARGET": settings.target}
    process = subprocess.Popen(
        [sys.executable, "-c", PARSE],
        env={**without_key(os.environ), **place},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    except BaseException:
        process.kill()
        raise
    finally:
        process.wait()
