"""
What other products export is passed on as their clients would have sent it.

What becomes of it is held in tests/documented/test_migrations.py, against a server.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.errors import Invalid, TooLarge
from quarterdeck.receive.transcripts.formats import langsmith_runs, mlflow_trace, opik_trace
from quarterdeck.receive.transcripts.importing import Importer
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import BadLine, ClientCall
from receive.transcripts.reading import read_file

RUN = {
    "id": "0196f0a0-0000-7000-8000-000000000001",
    "trace_id": "0196f0a0-0000-7000-8000-000000000001",
    "name": "fix",
    "run_type": "chain",
    "start_time": "2026-05-01T10:00:00Z",
    "child_run_ids": ["0196f0a0-0000-7000-8000-000000000002"],
}


def run(number: int, **more: Any) -> dict[str, Any]:
    return {**RUN, "id": f"0196f0a0-0000-7000-8000-{number:012x}", **more}


def written(path: Path, *lines: Any) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def calls(items: list[Any]) -> list[ClientCall]:
    assert all(isinstance(item, ClientCall) for item in items)
    return items


# ------------------------------------------------------------------------------- LangSmith


def test_a_hundred_runs_are_a_call_and_what_other_runs_tell_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "runs.jsonl", *(run(number) for number in range(1, 252)))
    sent = calls(read_file(langsmith_runs.FORMAT, path))
    assert [len(call.body["post"]) for call in sent] == [100, 100, 51]
    assert {(call.method, call.path) for call in sent} == {("POST", "/langsmith/runs/batch")}
    assert {"child_run_ids"}.isdisjoint(sent[0].body["post"][0])


def test_runs_of_megabytes_are_calls_of_their_own(tmp_path: Path) -> None:
    large = "x" * (langsmith_runs.MAX_BYTES // 2)
    path = written(tmp_path / "runs.jsonl", *(run(n, inputs={"text": large}) for n in (1, 2, 3)))
    assert [len(call.body["post"]) for call in calls(read_file(langsmith_runs.FORMAT, path))] == [
        1, 1, 1,
    ]  # fmt: skip


@pytest.mark.parametrize("indent", [None, 2])
def test_pages_and_lists_of_runs_are_runs(tmp_path: Path, indent: int | None) -> None:
    for content in ({"runs": [run(1), run(2)], "cursors": {"next": "x"}}, [run(1), run(2)]):
        path = tmp_path / "page.json"
        path.write_text(json.dumps(content, indent=indent))
        (call,) = calls(read_file(langsmith_runs.FORMAT, path))
        assert len(call.body["post"]) == 2


def test_a_line_that_is_no_run_is_told_and_the_others_go(tmp_path: Path) -> None:
    path = written(tmp_path / "runs.jsonl", run(1), {"id": "x"}, run(2))
    with path.open("a") as file:
        file.write("{broken\n")
    found = read_file(langsmith_runs.FORMAT, path)
    assert [item.number for item in found if isinstance(item, BadLine)] == [2, 4]
    (call,) = (item for item in found if isinstance(item, ClientCall))
    assert len(call.body["post"]) == 2


def test_the_runs_that_langsmiths_client_sent_are_recognized(shared: Path, tmp_path: Path) -> None:
    recorded = json.loads((shared / "captures" / "langsmith" / "0020.json").read_text())
    runs = recorded["request"]["body"]["json"]["post"]
    (call,) = calls(
        read_file(langsmith_runs.FORMAT, written(tmp_path / "sent_by_a_client.jsonl", *runs))
    )
    assert [one["id"] for one in call.body["post"]] == [one["id"] for one in runs]


# ------------------------------------------------------------------------------------ Opik

OPIK = {
    "trace": {
        "id": "t-1",
        "name": "fix",
        "start_time": "2026-05-01 10:00:00+00:00",
        "feedback_scores": [{"name": "quality", "value": 1.0, "source": "ui"}],
    },
    "spans": [{"id": "s-1", "trace_id": "t-1", "name": "plan", "type": "llm"}, {"name": "lost"}],
    "attachments": [],
    "downloaded_at": "2026-05-02T10:00:00",
    "project_name": "billing",
}


def test_an_export_of_opik_is_its_trace_its_spans_and_their_scores(tmp_path: Path) -> None:
    path = tmp_path / "trace_t-1.json"
    path.write_text(json.dumps(OPIK, indent=2))
    trace, scores, bad, spans = read_file(opik_trace.FORMAT, path)
    assert isinstance(bad, BadLine)
    sent = calls([trace, scores, spans])
    assert [(call.method, call.path.rpartition("private/")[2]) for call in sent] == [
        ("POST", "traces/batch"), ("PUT", "traces/feedback-scores"), ("POST", "spans/batch"),
    ]  # fmt: skip
    assert sent[0].body["traces"][0]["project_name"] == "billing"
    assert sent[1].body["scores"] == [
        {"name": "quality", "value": 1.0, "source": "ui", "id": "t-1"}
    ]
    assert [span["id"] for span in sent[2].body["spans"]] == ["s-1"]


# ---------------------------------------------------------------------------------- MLflow


def test_a_trace_of_mlflow_3_is_its_spans_and_its_information(shared: Path, tmp_path: Path) -> None:
    folder = shared / "captures" / "mlflow"
    spans = json.loads((folder / "27.json").read_text())["request"]["body"]["spans"]
    told = json.loads((folder / "26.json").read_text())["request"]["body"]["trace"]["trace_info"]
    info = {key: value for key, value in told.items() if key != "execution_duration"}
    path = tmp_path / "trace.json"
    for indent in (None, 2):
        trace = {"info": {**info, "execution_duration_ms": 1094}, "data": {"spans": spans}}
        path.write_text(json.dumps(trace, indent=indent))
        put, post = calls(read_file(mlflow_trace.FORMAT, path))
        assert put.path.endswith(f"/0/traces/{info['trace_id']}/artifacts/traces.json")
        assert put.body == {"spans": spans}
        assert post.body["trace"]["trace_info"] == {**info, "execution_duration": "1.094s"}


def test_the_information_of_mlflow_2_is_respelled(tmp_path: Path) -> None:
    info = {
        "request_id": "0a1b", "experiment_id": "7", "timestamp_ms": 1_777_629_600_000,
        "execution_time_ms": 1500, "status": "OK", "request_metadata": {"a": "b"}, "tags": {},
    }  # fmt: skip
    path = written(tmp_path / "t.jsonl", {"info": info, "data": {"spans": []}}, {"info": 1})
    _put, post, bad = read_file(mlflow_trace.FORMAT, path)
    assert isinstance(bad, BadLine)
    assert isinstance(post, ClientCall)
    assert post.body["trace"]["trace_info"] == {
        "trace_id": "0a1b", "state": "OK", "request_time": "2026-05-01T10:00:00Z",
        "execution_duration": "1.500s", "trace_metadata": {"a": "b"}, "tags": {}, "assessments": [],
        "trace_location": {"type": "MLFLOW_EXPERIMENT",
                           "mlflow_experiment": {"experiment_id": "7"}},
    }  # fmt: skip


# ------------------------------------------------------------------------------ the import


def test_a_file_that_is_read_again_makes_no_call_again(tmp_path: Path) -> None:
    path = written(tmp_path / "runs.jsonl", run(1))
    made: list[str] = []
    importer = Importer(
        send=None, placed=lambda _: None, tell=lambda _method, path, _body: made.append(path)
    )
    importer.add(Source(path))
    importer.add(Source(path))
    assert made == ["/langsmith/runs/batch"]
    assert importer.report.passed_on == {"langsmith": 1}


@pytest.mark.parametrize("refusal", [Invalid("no"), TooLarge("no")])
def test_a_call_that_the_server_refuses_is_told_and_the_next_is_made(
    tmp_path: Path, refusal: Exception
) -> None:
    path = written(tmp_path / "runs.jsonl", *(run(number) for number in range(1, 151)))
    made: list[Any] = []

    def tell(method: str, path: str, body: Any) -> None:
        made.append(body)
        if len(made) == 1:
            raise refusal

    importer = Importer(send=None, placed=lambda _: None, tell=tell)
    importer.add(Source(path))
    assert (len(made), importer.report.bad_line_count) == (2, 1)
    assert importer.report.passed_on == {"langsmith": 1}
