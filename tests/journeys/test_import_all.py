"""
All real sessions of ../shared, imported as a user imports them, against what the files say.

The counts that are compared with are made from what the formats read (each held to the raw files in
tests/receive/transcripts), or straight from the files; a second import changes nothing.
"""

import gzip
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from cli.real_server import serving
from quarterdeck.errors import Invalid
from quarterdeck.receive.transcripts.transcript import (
    Entry,
    ModelCall,
    PersonAct,
    ToolCall,
    Transcript,
)
from receive.transcripts.samples import FOLDERS, by_format, format_named

pytestmark = pytest.mark.real_server

CENT = Decimal("0.01")


class Imported(NamedTuple):
    address: str
    report: dict[str, Any]
    records: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def imported(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    with serving(tmp_path_factory.mktemp("all") / "data") as address:
        report = run_import(address, shared)
        yield Imported(address, report, exported(address))


def run_import(address: str, shared: Path) -> dict[str, Any]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
    done = subprocess.run(
        [sys.executable, "-m", "quarterdeck.cli.main", "import", "--json",
         *(str(shared / folder) for folder in FOLDERS)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**environment, "QUARTERDECK_URL": address},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def exported(address: str) -> dict[str, dict[str, Any]]:
    answer = httpx.get(f"{address}/api/v1/export", trust_env=False, timeout=60)
    records = (json.loads(text) for text in answer.text.splitlines())
    return {record["external_id"] or record["session_id"]: record for record in records}


@cache
def transcripts() -> dict[str, list[Transcript]]:
    """Of each session all its parts."""
    found: dict[str, list[Transcript]] = defaultdict(list)
    for name, sources in by_format().items():
        for source in sources:
            # A file that is broken as a whole: what came before is read.
            with suppress(Invalid):
                for item in format_named(name).read(source):
                    if isinstance(item, Transcript):
                        found[item.session_id].append(item)
    return found


def test_every_session_of_the_files_is_a_session_here(imported: Imported) -> None:
    told = set(imported.report["session_ids"])
    assert told == set(transcripts())
    assert told - set(imported.records) == set()
    assert imported.report["rejected"] == 0


def test_a_second_import_changes_nothing(imported: Imported, shared: Path) -> None:
    again = run_import(imported.address, shared)
    assert again == imported.report
    assert exported(imported.address) == imported.records


def test_calls_tools_and_people_are_as_many_as_the_files_tell(imported: Imported) -> None:
    wrong: dict[str, Any] = {}
    for session_id, parts in transcripts().items():
        entries = {same(part, entry): entry for part in parts for entry in part.entries}
        told, shown = counts_of(list(entries.values())), counts_in(imported.records[session_id])
        if told != shown:
            wrong[session_id] = (parts[0].format, told, shown)
    assert wrong == {}


def same(part: Transcript, entry: Entry) -> tuple[str, str]:
    """One trace may be in two files, and one answer of a model in two parts of a session."""
    match entry:
        case ModelCall(response_id=id) | ToolCall(call_id=id) if id:
            return entry.id, id
    return entry.id, part.part


def counts_of(entries: list[Entry]) -> dict[str, int]:
    acts = [entry for entry in entries if isinstance(entry, PersonAct)]
    # A tool by which an agent asks a person is that person's act.
    asked = {act.call_id for act in acts if act.kind == "question" and act.call_id}
    tools = [e for e in entries if isinstance(e, ToolCall) and e.call_id not in asked]
    return {
        "model calls": sum(isinstance(entry, ModelCall) for entry in entries),
        "tool calls": len(tools),
        "tool errors": sum(tool.status == "error" for tool in tools),
        "people": sum(not act.auto for act in acts),
    }


def counts_in(record: dict[str, Any]) -> dict[str, int]:
    people = record["human_interventions"]
    return {
        "model calls": sum(use["calls"] for use in record["models_used"]),
        "tool calls": sum(use["calls"] for use in record["tool_calls"]),
        "tool errors": sum(use["errors"] for use in record["tool_calls"]),
        "people": people["count"] + people["pending"],
    }


def test_every_finding_of_a_file_stands_on_its_session(imported: Imported) -> None:
    for session_id, parts in transcripts().items():
        told = {(finding.code, finding.message[:500]) for p in parts for finding in p.findings}
        record = imported.records[session_id]
        shown = {(finding["code"], finding["message"]) for finding in record["data_findings"]}
        assert told <= shown, session_id


def test_tau2_success_and_cost_are_those_of_the_files_to_the_cent(
    imported: Imported, shared: Path
) -> None:
    for path in sorted((shared / "data" / "tau2_bench").glob("*.json.gz")):
        with gzip.open(path) as file:
            simulations = json.load(file)["simulations"]
        records = [imported.records[simulation["id"]] for simulation in simulations]
        rewards = Counter(s["reward_info"]["reward"] for s in simulations if s.get("reward_info"))
        outcomes = Counter(record["outcome"]["label"] for record in records)
        assert outcomes["success"] == rewards[1.0], path.name
        assert outcomes["failure"] == rewards[0.0], path.name
        costs = ((s["agent_cost"] or 0, s["user_cost"] or 0) for s in simulations)
        cost = sum((Decimal(str(a)) + Decimal(str(u)) for a, u in costs), Decimal(0))
        reported = sum((Decimal(r["cost"]["reported_usd"] or 0) for r in records), Decimal(0))
        assert reported.quantize(CENT) == cost.quantize(CENT), path.name


def test_figures_tell_success_by_trial_for_what_has_trials(imported: Imported) -> None:
    answer = httpx.get(
        f"{imported.address}/api/v1/figures",
        params={"by": "task_type", "experiment": "true", "since": "2020-01-01"},
        trust_env=False,
        timeout=60,
    ).json()
    rows = {row["by"]["task_type"]: row for row in answer["rows"]}
    retail = rows["tau2:retail"]["figures"]["task_completion_rate"]
    assert retail["n"] == 40
    assert retail["interval"]["low"] < retail["value"] < retail["interval"]["high"]
