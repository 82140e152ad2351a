"""The dbt project inside this process: parsed once, built layer by layer, its events streamed.

dbt keeps one process-wide state (its adapter, its connection to the build file), so one call at a
time runs; layers follow each other within a run.
"""

import hashlib
import json
import logging
import os
import queue
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from orchestration import stopwatch
from orchestration.relations import BrokenRule, TableFacts, broken_rules, table_facts
from orchestration.resources.fault_points import fault_point
from orchestration.resources.postgres_words import is_conflict, remedy
from orchestration.resources.replacing import set_aside_and_tell, write_whole
from orchestration.resources.target import dbt_environment
from orchestration.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

_LOG = logging.getLogger(__name__)
PROFILES_FOLDER = PROJECT_ROOT / "dbt_project"
PARSED_FOLDERS = ("models", "dbt_project", "seeds/reference")
QUIET = ("--log-level", "none", "--log-level-file", "info")
RESULT_EVENTS = frozenset({"LogSeedResult", "LogModelResult", "LogTestResult"})
SOUND_ROWS = "sound_rows"
CONFLICT_RETRIES = 2
FAILURE_EVENTS = frozenset({"RunResultError", "RunResultFailure", "MainEncounteredError"})

Message = Any  # one of dbt's events, a protobuf message without types

_parsed: dict[Path, "Manifest"] = {}


class ManifestMissing(FileNotFoundError):
    """dbt's manifest has not been written; the message says which command writes it."""


class DbtFailed(RuntimeError):
    """A dbt command failed; the message holds what dbt said."""


@dataclass(frozen=True)
class DbtEvent:
    """One dbt result as a dict; a table's facts, or the rules that a failed test found broken."""

    raw: dict[str, Any]
    facts: TableFacts | None = None
    broken: Sequence[BrokenRule] = ()

    @property
    def unique_id(self) -> str:
        """dbt's unique id of the node."""
        return str(self.raw["data"]["node_info"]["unique_id"])

    @property
    def is_in_error(self) -> bool:
        """Whether the database refused the node's SQL; a test that found rows is not in error."""
        return self.raw["data"]["node_info"]["node_status"] == "error"


def manifest_path(settings: Settings) -> Path:
    """Where dbt's manifest lies."""
    return settings.dbt_target / "manifest.json"


def project_fingerprint() -> str:
    """A digest of every file that dbt parses; it changes when any of them does."""
    digest = hashlib.blake2b(digest_size=16)
    files = [PROJECT_ROOT / "dbt_project.yml"]
    for folder in PARSED_FOLDERS:
        files += [path for path in (PROJECT_ROOT / folder).rglob("*") if path.is_file()]
    for path in sorted(files):
        digest.update(f"{path.relative_to(PROJECT_ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def manifest_is_fresh(settings: Settings) -> bool:
    """Whether the manifest was written, and no file of the project changed since."""
    return _stamp(settings) == [project_fingerprint(), _manifest_digest(settings)]


def write_stamp(settings: Settings, fingerprint: str | None = None) -> None:
    """Note for which files of the project the manifest was written, and as what."""
    stamp = f"{fingerprint or project_fingerprint()} {_manifest_digest(settings)}"
    write_whole(_stamp_path(settings), stamp, "manifest_stamp")


def set_aside_damaged_manifest(settings: Settings) -> None:
    """Set dbt's manifest aside when it is not as dbt wrote it; the next parse writes it anew."""
    path, stamp = manifest_path(settings), _stamp(settings)
    if path.exists() and len(stamp) == 2 and _manifest_digest(settings) != stamp[1]:
        set_aside_and_tell(path, "is damaged", "dbt parses the project anew")


def _stamp(settings: Settings) -> list[str]:
    """What was noted when the manifest was written: digests of the project and of the manifest."""
    path = _stamp_path(settings)
    return path.read_text(errors="replace").split() if path.is_file() else []


def _manifest_digest(settings: Settings) -> str:
    path = manifest_path(settings)
    content = path.read_bytes() if path.is_file() else b""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _stamp_path(settings: Settings) -> Path:
    return manifest_path(settings).with_name("manifest.fingerprint")


def ensure_manifest(settings: Settings) -> Path:
    """Parse the project if any of its files changed since the manifest was written.

    Returns:
        The path of manifest.json.

    Raises:
        DbtFailed: dbt cannot parse the project.
    """
    if not manifest_is_fresh(settings):
        set_aside_damaged_manifest(settings)
        fingerprint = project_fingerprint()
        _parse(settings)
        write_stamp(settings, fingerprint)
    return manifest_path(settings)


def load_manifest(settings: Settings) -> dict[str, Any]:
    """The manifest as dbt wrote it.

    Raises:
        ManifestMissing: it has not been written yet.
    """
    path = manifest_path(settings)
    if not path.exists():
        raise ManifestMissing(
            f"{path} does not exist: run `habitue prepare` with HABITUE_HOME={settings.home}"
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8") if path.is_file() else "")
    except ValueError:
        raise ManifestMissing(
            f"{path} is damaged: run `habitue prepare` with HABITUE_HOME={settings.home}"
        ) from None
    _attach_singular_tests(manifest)
    return manifest


def _attach_singular_tests(manifest: dict[str, Any]) -> None:
    """Give each test of several models one model it belongs to: the last that it names.

    dbt attaches only generic tests; Dagster shows a test as a check of one asset.
    """
    nodes = manifest["nodes"]
    tests = (node for node in nodes.values() if node["resource_type"] == "test")
    for node in tests:
        parents = [name for name in node["depends_on"]["nodes"] if name in nodes]
        if node.get("attached_node") or len(parents) < 2:
            continue
        last = max(parents, key=lambda name: len(_ancestors(manifest, name)))
        node["config"].setdefault("meta", {})["dagster"] = {
            "ref": {"name": nodes[last]["name"], "package": nodes[last]["package_name"]}
        }


def _ancestors(manifest: Mapping[str, Any], unique_id: str) -> set[str]:
    found: set[str] = set()
    waiting = [unique_id]
    while waiting:
        for parent in manifest["parent_map"].get(waiting.pop(), []):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def dbt_vars(settings: Settings) -> dict[str, Any]:
    """The dbt variables that the settings decide; an unset as_of leaves the project's default."""
    from orchestration.ingest.contract import load_contracts

    zones = {c.source: c.format.time_zone for c in load_contracts().values()}
    values: dict[str, Any] = {
        "source_time_zones": zones,
        "project_time_zone": settings.time_zone,
        "reporting_currency": settings.currency,
        "published_postcode": settings.postcode,
        "rate_age_days": settings.rate_age_days,
    }
    if settings.as_of:
        values["as_of"] = settings.as_of.isoformat()
    return values


@dataclass
class DbtProcess:
    """dbt inside this process, for one installation."""

    settings: Settings
    _failures: list[str] = field(default_factory=list)
    _in_error: list[DbtEvent] = field(default_factory=list["DbtEvent"])

    def build(self, select: Sequence[str]) -> Iterator[DbtEvent]:
        """Build and test what is selected, yielding each result when dbt reports it.

        Tests run with the nodes they need: a test that also reads a layer further right waits
        for that layer. What another session's lock or change undid is repeated, twice at most.

        Raises:
            DbtFailed: a model, seed or test of error severity failed; says which, in dbt's words.
        """
        for _ in range(CONFLICT_RETRIES):
            result = yield from self._build_once(select)
            if not (repeated := _to_repeat(result)):
                break
            _LOG.warning("a conflict with another session; once more: %s", ", ".join(repeated))
            select = repeated
        else:
            result = yield from self._build_once(select)
        yield from self._in_error
        if not result.success:
            raise DbtFailed(self._failure_text(select, result))

    def _build_once(self, select: Sequence[str]) -> "Generator[DbtEvent, None, dbtRunnerResult]":
        """One call of dbt; what was in error waits in `_in_error`, as it may be repeated."""
        command = [
            "--no-write-json", "--cache-selected-only", "--use-fast-test-edges",
            "build", "--select", *select,
            "--indirect-selection", "buildable",
            "--exclude-resource-type", "unit_test",
            "--vars", json.dumps(dbt_vars(self.settings)),
        ]  # fmt: skip
        self._in_error.clear()
        events: queue.SimpleQueue[DbtEvent | dbtRunnerResult | BaseException] = queue.SimpleQueue()
        worker = threading.Thread(target=self._run, args=(command, events), daemon=True)
        worker.start()
        try:
            while isinstance(event := events.get(), DbtEvent):
                if event.is_in_error:
                    self._in_error.append(event)
                else:
                    yield event
        finally:
            # dbt cannot be started twice at once, so nothing goes on before it has ended.
            worker.join()
        if isinstance(event, BaseException):
            raise event
        return event

    def _run(self, command: list[str], events: "queue.SimpleQueue[Any]") -> None:
        from dbt.cli.main import dbtRunner

        self._failures.clear()

        def forward(message: Message) -> None:
            if (event := self._to_event(message)) is not None:
                events.put(event)

        try:
            manifest = parsed_manifest(self.settings)
            runner = dbtRunner(manifest=manifest, callbacks=[forward])
            arguments = [*QUIET, *command, *_places(self.settings)]
            events.put(runner.invoke(arguments))  # pyright: ignore[reportUnknownMemberType]
        except BaseException as error:
            events.put(error)

    def _to_event(self, message: Message) -> DbtEvent | None:
        name = str(message.info.name)
        if name == "SQLQuery":
            stopwatch.start("sql")
            fault_point("dbt.query")
        elif name == "SQLQueryStatus":
            stopwatch.stop("sql")
        if name in FAILURE_EVENTS:
            self._failures.append(str(message.info.msg).strip())
        if name not in RESULT_EVENTS:
            return None
        from google.protobuf.json_format import MessageToDict

        raw = MessageToDict(message, preserving_proto_field_name=True)
        node = raw["data"]["node_info"]
        if name == "LogTestResult":
            return DbtEvent(raw, broken=self._broken_rules(node))
        return DbtEvent(raw, table_facts(node) if node["node_status"] == "success" else None)

    def _broken_rules(self, node: Mapping[str, Any]) -> list[BrokenRule]:
        if node["node_status"] != "fail":
            return []
        test: Any = parsed_manifest(self.settings).nodes[node["unique_id"]]
        metadata = getattr(test, "test_metadata", None)
        if metadata is None or metadata.name != SOUND_ROWS:
            return []
        found = broken_rules(test.compiled_code)
        self._failures += [f"{test.name}: {rule}" for rule in found]
        return found

    def _failure_text(self, select: Sequence[str], result: "dbtRunnerResult") -> str:
        said = "\n".join(dict.fromkeys(self._failures)) or str(result.exception)
        advice = remedy(said) if self.settings.target == "postgres" else None
        lines = [f"dbt build of {' '.join(select)} failed:", said, advice]
        return "\n".join(line for line in lines if line)


def _to_repeat(result: "dbtRunnerResult") -> list[str]:
    """What to select again: all that failed and was skipped, if conflicts are all that failed."""
    nodes: Any = getattr(result.result, "results", [])
    failed = [node for node in nodes if node.status in ("error", "fail", "runtime error")]
    if not failed or not all(is_conflict(str(node.message)) for node in failed):
        return []
    skipped = [node for node in nodes if node.status == "skipped"]
    return [str(node.node.name) for node in failed + skipped]


def parsed_manifest(settings: Settings) -> "Manifest":
    """The project as dbt parsed it, kept for the life of this process.

    A run must not change its models midway, so a file that is edited meanwhile waits for the next.

    Raises:
        DbtFailed: dbt cannot parse the project.
    """
    known = _parsed.get(settings.dbt_target)
    return known or _parse(settings, "--no-write-json")


def _parse(settings: Settings, *options: str) -> "Manifest":
    from dbt.cli.main import dbtRunner

    settings.dbt_target.mkdir(parents=True, exist_ok=True)
    arguments = [*QUIET, *options, "parse", *_places(settings)]
    result = dbtRunner().invoke(arguments)  # pyright: ignore[reportUnknownMemberType]
    if not result.success:
        raise DbtFailed(f"dbt cannot parse the project: {result.exception}")
    manifest = cast("Manifest", result.result)
    _parsed[settings.dbt_target] = manifest
    return manifest


def _places(settings: Settings) -> list[str]:
    """Point dbt at this installation's folders and build file."""
    settings.build_file.parent.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        DBT_TARGET_PATH=str(settings.dbt_target),
        DBT_LOG_PATH=str(settings.dbt_logs),
        HABITUE_TARGET=settings.target,
        **dbt_environment(settings),
    )
    return ["--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROFILES_FOLDER)]
