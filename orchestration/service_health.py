"""How the services are, asked of the web server as the browser does."""

import json
import socket
import urllib.request
from dataclasses import dataclass
from typing import Any

SERVICES = ("code", "daemon", "web")  # in the order in which they start
ANSWER_SECONDS = 5
_QUESTION = """
{
  instance { daemonHealth { allDaemonStatuses { daemonType required healthy lastHeartbeatTime } } }
  workspaceOrError {
    ... on Workspace {
      locationEntries { loadStatus locationOrLoadError { ... on PythonError { message } } }
    }
  }
}
"""


@dataclass(frozen=True)
class Health:
    """What the web server said of itself, of the daemon and of the definitions.

    `heartbeats` are the times (seconds since 1970) at which each part of the daemon last gave a
    sign of life, None where it never did.
    """

    answers: bool
    is_loaded: bool = False
    load_error: str | None = None
    heartbeats: tuple[float | None, ...] = ()
    unhealthy: tuple[str, ...] = ()

    def is_ready(self, since: float) -> bool:
        """Whether all is up: the definitions loaded, every part of the daemon alive since then."""
        alive = bool(self.heartbeats) and all(beat and beat >= since for beat in self.heartbeats)
        return self.answers and self.is_loaded and self.load_error is None and alive

    @property
    def missing(self) -> str:
        """What is not there, in words."""
        if not self.answers:
            return "the web server does not answer"
        if self.load_error is not None:
            return f"the definitions do not load: {self.load_error}"
        if not self.is_loaded:
            return "the definitions are being loaded"
        return f"the daemon gives no sign of life: {', '.join(self.unhealthy) or 'since its start'}"


def ask_health(port: int) -> Health:
    """How the services behind the web server's port are."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        data=json.dumps({"query": _QUESTION}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            data: dict[str, Any] = json.load(answer)["data"]
    except (OSError, ValueError, KeyError):
        return Health(answers=False)
    return _read(data)


def port_is_taken(port: int) -> bool:
    """Whether some program listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _read(data: dict[str, Any]) -> Health:
    entries: list[dict[str, Any]] = data["workspaceOrError"].get("locationEntries", [])
    errors: list[str | None] = [
        entry["locationOrLoadError"].get("message")
        for entry in entries
        if entry["locationOrLoadError"]
    ]
    parts = data["instance"]["daemonHealth"]["allDaemonStatuses"]
    required = [part for part in parts if part["required"]]
    return Health(
        answers=True,
        is_loaded=bool(entries) and all(entry["loadStatus"] == "LOADED" for entry in entries),
        load_error=next((error for error in errors if error), None),
        heartbeats=tuple(part["lastHeartbeatTime"] for part in required),
        unhealthy=tuple(part["daemonType"] for part in required if not part["healthy"]),
    )
