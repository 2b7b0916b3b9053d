"""A canary on a real server: sessions that end worse, and the rollback that nobody asked for."""

import base64
import json
import os
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.real_server import serving
from workflows.folders import fraud

pytestmark = pytest.mark.real_server

SESSIONS = 160
WITHIN_S = 60.0


class Server:
    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}{path}",
            None if body is None else json.dumps(body).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read().decode()
        return text if path == "/metrics" else json.loads(text or "{}")

    def becomes(self, path: str, wanted: Callable[[Any], bool]) -> Any:
        """The answer, once it is as wanted."""
        deadline = time.monotonic() + WITHIN_S
        while not wanted(told := self(path)):
            assert time.monotonic() < deadline, told
            time.sleep(0.1)
        return told

    def push(self, prompt: str) -> None:
        files = fraud(prompt=prompt).files
        coded = {path: base64.b64encode(data).decode() for path, data in files.items()}
        self("/api/v1/workflows/fraud-triage/versions", {"files": coded, "message": prompt})

    def move(self, **form: Any) -> Any:
        return self("/api/v1/workflows/fraud-triage/environments/production/moves", form)

    def session(self, number: int) -> None:
        """What an agent does: it asks which version it is to run, and tells how it ended."""
        session_id = f"s-{number}"
        told = self(
            "/api/v1/workflows/fraud-triage/resolve",
            {"environment": "production", "session_id": session_id, "have": []},
        )
        version = str(told["version"])
        # The new version can do less: one in five of its sessions ends well, not all of them.
        outcome = "success" if version == "1" or number % 5 == 0 else "failure"
        attributes = {
            "session.id": session_id, "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "triage", "quarterdeck.outcome": outcome,
            "quarterdeck.workflow.name": "fraud-triage", "quarterdeck.workflow.version": version,
            "quarterdeck.environment": "production",
        }  # fmt: skip
        began_ns = time.time_ns()
        span = {
            "traceId": f"{number + 1:032x}", "spanId": f"{number + 1:016x}", "name": "triage",
            "startTimeUnixNano": str(began_ns), "endTimeUnixNano": str(began_ns + 1_000_000),
            "attributes": [
                {"key": key, "value": {"stringValue": value}} for key, value in attributes.items()
            ],
        }  # fmt: skip
        self("/v1/traces", {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})


def test_a_worse_version_is_rolled_back_by_itself_and_new_sessions_get_the_old_one(
    tmp_path: Path,
) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
    environment["QUARTERDECK_RELEASE_WATCH_S"] = "0.2"
    with serving(tmp_path / "data", environment=environment) as url:
        server = Server(url)
        server.push("Look twice.")
        server.push("Look once.")
        server.move(kind="release", version=1, reason="first")
        began = server.move(kind="canary", version=2, share=0.5, auto=True, reason="shorter")
        release_id = began["environment"]["release_id"]
        for number in range(SESSIONS):
            server.session(number)
        release = server.becomes(
            f"/api/v1/releases/{release_id}", lambda told: bool(told["state"] != "running")
        )
        assert release["state"] == "rolled_back"
        assert release["verdict"] == "worse"
        rollback = release["moves"][0]
        assert (rollback["kind"], rollback["by"]) == ("rollback", "watch")
        assert "completion: v2" in rollback["reason"]
        now = server("/api/v1/workflows/fraud-triage/environments/production")
        assert (now["stable"]["version"], now["candidate"], now["revision"]) == (1, None, 3)
        told = server(
            "/api/v1/workflows/fraud-triage/resolve",
            {"environment": "production", "session_id": "afterwards", "have": []},
        )
        assert (told["version"], told["arm"]) == (1, "stable")
        server.becomes(
            "/api/v1/workflows/fraud-triage/outcomes",
            lambda told: sum(row["known"] for row in told["versions"]) == SESSIONS,
        )
        metrics = server("/metrics")
        assert 'quarterdeck_canary_moves_total{kind="rollback",result="done"} 1' in metrics
        assert "quarterdeck_canary_errors_total 0" in metrics
