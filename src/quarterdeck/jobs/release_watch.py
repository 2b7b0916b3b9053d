"""
Looks at every canary that runs, keeps what it found, and acts where it was told to.

A look takes all sessions since the canary began and works everything out anew, so that a restart,
another replica or a corrected outcome change nothing.  Where the move says `auto`, what the rule
says is done by the same move that a person would make, on the state that the look was of: if
anybody moved meanwhile, a person or another replica's watch, that move stands and this one is
dropped.

Refused: to act on a release that is held.  It is looked at all the same.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from quarterdeck.errors import Conflict, QuarterdeckError, TryAgain
from quarterdeck.model.ids import ProjectId
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.outcome_reads import canary_sessions
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.records import environments, release_checks, workflows
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.environments import WATCH
from quarterdeck.storage.records.release_checks import Release, WithCanary
from quarterdeck.workflows.canary import rule_of
from quarterdeck.workflows.canary_decision import Watch, watch, watch_json
from quarterdeck.workflows.environment import Asked

_log = logging.getLogger(__name__)

METRICS: Mapping[str, tuple[str, str]] = {
    "quarterdeck_canaries": ("gauge", "Versions that have a share of some environment's traffic."),
    "quarterdeck_canary_looks_total": (
        "counter",
        "Looks at a canary that had something new, by what the rule said.",
    ),
    "quarterdeck_canary_moves_total": (
        "counter",
        "Promotions and rollbacks by the watch, by kind and result. late: somebody moved first.",
    ),
    "quarterdeck_canary_errors_total": (
        "counter",
        "Looks at a canary that failed; the next one is at its time.",
    ),
}


class ReleaseWatch:
    """`run` is for one thread; `render` for any."""

    def __init__(
        self,
        *,
        records: Records,
        events: EventConnection,
        scope_of: Callable[[ProjectId], ProjectScope],
        now_ns: Callable[[], int],
    ) -> None:
        self._records = records
        self._events = events
        self._scope_of = scope_of
        self._now_ns = now_ns
        self._seen: dict[WithCanary, int] = {}
        """What was last looked at, so that nothing new costs a read alone."""
        self._lock = threading.Lock()
        """Protects the counters."""
        self._running = 0
        self._looks: Counter[str] = Counter()
        self._moves: Counter[tuple[str, str]] = Counter()
        self._errors = 0

    def run(self) -> None:
        """One look at each.  One that fails is logged and counted, and holds up no other."""
        canaries = release_checks.with_canaries(self._records)
        with self._lock:
            self._running = len(canaries)
        self._seen = {one: seen for one, seen in self._seen.items() if one in set(canaries)}
        for one in canaries:
            try:
                self._look(one)
            except TryAgain:
                raise  # the store is away, for all of them
            except Exception:  # noqa: BLE001 - whatever it is, it is one release's
                with self._lock:
                    self._errors += 1
                _log.exception("the look at release %s failed", one.release_id)

    def _look(self, one: WithCanary) -> None:
        project_id = one.project_id
        release = release_checks.find_release(
            self._records, project_id=project_id, release_id=one.release_id
        )
        if release.state not in ("running", "held"):
            return
        now_ns = self._now_ns()
        rule = rule_of(release.now.rule)
        canary = release.canary
        sessions = canary_sessions(
            self._events,
            self._scope_of(project_id),
            canary,
            workflow=release.workflow,
            environment=release.environment,
            until_ns=now_ns,
        )
        fingerprint = hash((tuple(sessions), release.moves[-1].revision))
        if self._seen.get(one) == fingerprint and rule.maximum_hours is None:
            return
        found = watch(rule, canary, sessions, now_ns=now_ns)
        with self._lock:
            self._looks[found.action] += 1
        shown = watch_json(rule, canary, found)
        release_checks.add_check(
            self._records,
            project_id=project_id,
            workflow_id=release.began.workflow_id,
            release_id=release.release_id,
            verdict=found.verdict,
            evidence=shown,
            at_ns=now_ns,
        )
        if found.action != "none" and canary.auto and release.state == "running":
            self._act(project_id, release, found, shown)
        self._seen[one] = fingerprint

    def _act(
        self, project_id: ProjectId, release: Release, found: Watch, shown: dict[str, Any]
    ) -> None:
        if found.action == "none":
            return
        result = "done"
        try:
            if found.action == "promote":
                # Raises for a version that was tampered with: away from one it must be possible.
                workflows.read_version(
                    self._records,
                    project_id=project_id,
                    name=release.workflow,
                    version=release.canary.candidate,
                )
            environments.move(
                self._records,
                project_id=project_id,
                name=release.workflow,
                environment=release.environment,
                asked=Asked(kind=found.action),
                reason=found.why,
                by=WATCH,
                now_ns=found.checked_ns,
                expected_revision=release.moves[-1].revision,
                evidence=without_curve(shown),
            )
        except Conflict as error:
            result = "late"
            _log.info("release %s had been moved: %s", release.release_id, error)
        except QuarterdeckError:
            with self._lock:
                self._moves[(found.action, "failed")] += 1
            raise
        else:
            _log.warning(
                "%s in %s, release %s: %s by the watch: %s",
                release.workflow,
                release.environment,
                release.release_id,
                found.action,
                found.why,
            )
        with self._lock:
            self._moves[(found.action, result)] += 1

    def render(self) -> str:
        """For /metrics, in Prometheus' text format; no project's data."""
        with self._lock:
            told: dict[str, list[str]] = {
                "quarterdeck_canaries": [f" {self._running}"],
                "quarterdeck_canary_looks_total": [
                    f'{{action="{action}"}} {count}'
                    for action, count in sorted(self._looks.items())
                ],
                "quarterdeck_canary_moves_total": [
                    f'{{kind="{kind}",result="{result}"}} {count}'
                    for (kind, result), count in sorted(self._moves.items())
                ],
                "quarterdeck_canary_errors_total": [f" {self._errors}"],
            }
        lines = []
        for name, (kind, text) in METRICS.items():
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
            lines += [f"{name}{one}" for one in told[name]]
        return "\n".join(lines) + "\n"


def without_curve(shown: dict[str, Any]) -> dict[str, Any]:
    """What is kept with a move: the curve is the release's, and 20 kB."""
    return {name: value for name, value in shown.items() if name != "curve"}
