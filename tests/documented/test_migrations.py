"""
Each page on moving from another product: there, true to the catalog, and its script works.

The scripts that bring old data run as they stand in the page, but for the two addresses, against
a double of the vendor's server and a server of ours.
"""

import ast
import base64
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from rich.console import Console

from cli.real_server import serving
from clients.catalog import CLIENTS
from clients.client import Client
from documented import vendors
from quarterdeck.cli.import_server import ImportServer
from quarterdeck.receive.transcripts.importing import Importer
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.sdk.client import Client as Server

REPOSITORY = Path(__file__).resolve().parents[2]
HOW_TO = REPOSITORY / "docs" / "how-to"
PAGES = {
    "langsmith": "langsmith", "langgraph": "langsmith", "langsmith_js": "langsmith",
    "langfuse": "langfuse", "langfuse3": "langfuse", "langfuse2": "langfuse",
    "langfuse_js": "langfuse", "langfuse_js3": "langfuse",
    "braintrust": "braintrust", "braintrust_old": "braintrust", "braintrust_js": "braintrust",
    "opik": "opik", "comet_ml": "comet",
    "agentops": "agentops", "agentops_openai_agents": "agentops",
    "mlflow": "mlflow", "dagshub": "dagshub",
    "phoenix": "phoenix", "phoenix_grpc_default": "phoenix",
    "openpipe": "openpipe", "portkey": "portkey", "portkey_otel": "portkey",
    "helicone": "helicone", "helicone_async": "helicone", "helicone_old": "helicone",
    "helicone_js": "helicone",
    "openai_agents": "openai-traces",
}  # fmt: skip
"""By client of the catalog, the page that its users read."""
PRODUCTS = [one for one in CLIENTS if one.prefix or one.product.startswith("Phoenix")]
"""Frameworks, which send plain OTLP, have a page of their own."""
OURS = "http://127.0.0.1:4400"
NAMES = sorted(set(PAGES.values()))
WITHIN_S = 20.0

Object = dict[str, Any]


def page(name: str) -> str:
    return (HOW_TO / f"migrate-from-{name}.md").read_text()


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page(name), re.DOTALL | re.MULTILINE)


def addressed(address: str, client: Client) -> str:
    """As the pages spell it, of a server on one's own machine."""
    for name in ("wire", "gateway"):
        address = address.replace("{" + name + "}", OURS + client.prefix)
    return address.replace("{server}", OURS).replace("{grpc}", "4317")


@pytest.mark.parametrize("client", PRODUCTS, ids=lambda one: one.name)
def test_every_product_has_a_page_that_names_what_is_set_and_to_what(client: Client) -> None:
    told = page(PAGES[client.name])
    for variable, address in ((client.variable, client.address), *client.also):
        spelled = re.findall(r"\w+", variable)
        assert [word for word in spelled if word not in told] == []
        place = addressed(address, client).removeprefix("http://")
        port = place.rpartition(":")[2]
        assert place in told or (port == "4317" and f"port {port}" in told)


def test_every_page_is_of_a_product_and_is_linked() -> None:
    there = {path.stem.removeprefix("migrate-from-") for path in HOW_TO.glob("migrate-from-*.md")}
    assert there == set(NAMES)
    listed = (HOW_TO / "README.md").read_text()
    assert [name for name in NAMES if f"(migrate-from-{name}.md)" not in listed] == []


def test_the_web_apps_first_page_tells_the_addresses_of_the_catalog() -> None:
    ways = json.loads((REPOSITORY / "web/src/screens/welcome/ways.json").read_text())
    (way,) = (one for one in ways if one["id"] == "product")
    shown = "\n".join(step["text"] for step in way["steps"]) + way["note"]
    for client in PRODUCTS:
        address = addressed(client.address, client).replace(OURS, "{url}")
        if re.fullmatch(r"[A-Z_]+", client.variable) and client.variable in shown:
            first = next(one for one in PRODUCTS if one.variable == client.variable)
            address = addressed(first.address, first).replace(OURS, "{url}")
            assert re.search(rf"{client.variable}={re.escape(address)}(\s|$)", shown), client.name
        else:
            assert client.prefix in shown, client.name


@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_what_comes_along_what_does_not_and_how_old_data_comes(name: str) -> None:
    told = page(name)
    headings = re.findall(r"^## (.+)$", told, re.MULTILINE)
    assert headings[-3:] == ["What comes along", "What does not", "Bring old data"]
    assert len(told.splitlines()) < 140
    if name != "dagshub":
        assert re.search(r"scopes? `ingest`", " ".join(told.split())) is not None


@pytest.mark.parametrize("name", NAMES)
def test_the_snippets_of_a_page_compile(name: str) -> None:
    for block in blocks(name, "python"):
        compile(block, f"migrate-from-{name}.md", "exec", ast.PyCF_ONLY_AST)
    for block in blocks(name, "bash"):
        for line in block.splitlines():
            assert re.fullmatch(r"export [A-Z_]+=\S+( +#.*)?", line), line


# ------------------------------------------------------------------------ bringing old data

AT = [f"2026-05-01T10:00:{second:02d}.000000Z" for second in range(10)]
USAGE = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}


class Vendor(NamedTuple):
    """What it has of one session, whose id is `<name>-<stamp>`: plans and failed tests."""

    answers: vendors.Answers
    file: Callable[[Path], Path] | None
    """Writes the same as its export does, for `quarterdeck import`."""
    traces: int
    scores: int


def uuid_of(stamp: int, number: int) -> str:
    return f"0196f0a{stamp}-0000-7000-8000-{number:012x}"


def langsmith(stamp: int) -> Vendor:
    root, project = uuid_of(stamp, 1), uuid_of(stamp, 0xAA)

    def run(number: int, name: str, kind: str, start: int, end: int, **more: Any) -> Object:
        run_id = uuid_of(stamp, number)
        return {
            "id": run_id, "trace_id": root, "name": name, "run_type": kind,
            "start_time": AT[start], "end_time": AT[end], "status": "success", "error": None,
            "session_id": project, "parent_run_id": None if run_id == root else root,
            "parent_run_ids": [] if run_id == root else [root], "child_run_ids": None,
            "inputs_s3_urls": None, "total_tokens": 0, "feedback_stats": {}, "in_dataset": False,
            "app_path": "/o/1/projects/p/2/r/3", "events": [], "extra": {"metadata": {}},
            "tags": [], "inputs": {}, "outputs": {}, **more,
        }  # fmt: skip

    model = {"ls_provider": "openai", "ls_model_name": "gpt-4o", "usage_metadata": USAGE}
    thread = {"thread_id": f"langsmith-{stamp}", "user_id": "u-7"}
    runs = [
        run(3, "run_tests", "tool", 4, 5, error="RuntimeError('3 failed')", status="error"),
        run(2, "plan", "llm", 2, 3, extra={"metadata": model}),
        run(1, "fix", "chain", 1, 6, inputs={"question": "Why?"}, extra={"metadata": thread}),
    ]
    feedback = [
        {"id": uuid_of(stamp, number), "run_id": root, "trace_id": root, "key": key,
         "score": 1.0, "value": None, "comment": "good", "session_id": project,
         "created_at": AT[7], "modified_at": AT[7],
         "feedback_source": {"type": "app", "metadata": None, "user_id": None}}
        for number, key in ((0xF1, "thumbs"), (0xF2, "tone"), (0xF3, "tact"))
    ]  # fmt: skip
    answers = vendors.langsmith({"id": project, "name": "billing"}, runs, feedback)
    return Vendor(answers, lambda folder: _lines(folder / "runs.jsonl", runs), 1, 3)


def langfuse(stamp: int) -> Vendor:
    def observations(at: int) -> list[Object]:
        trace_id = f"{stamp:016x}{at:016x}"
        member: Object = {
            "traceId": trace_id, "projectId": "p", "level": "DEFAULT", "metadata": {},
            "environment": "production", "version": None, "userId": "u-7",
            "sessionId": f"langfuse-{stamp}", "traceName": "fix", "tags": ["billing"],
            "release": None, "parentObservationId": f"{trace_id}-root",
        }  # fmt: skip
        return [
            {**member, "id": f"{trace_id}-tool", "type": "TOOL", "name": "run_tests",
             "startTime": AT[at + 1], "endTime": AT[at + 2], "level": "ERROR",
             "statusMessage": "3 failed"},
            {**member, "id": f"{trace_id}-call", "type": "GENERATION", "name": "plan",
             "startTime": AT[at], "endTime": AT[at + 1], "model": "gpt-4o",
             "input": json.dumps([{"role": "user", "content": "Why?"}]), "output": "Done",
             "usageDetails": {"input": 100, "output": 20, "total": 120}, "totalCost": 0.01,
             "costDetails": {"total": 0.01}, "modelParameters": {"temperature": 0.2}},
            {**member, "id": f"{trace_id}-root", "type": "SPAN", "name": "fix",
             "startTime": AT[at], "endTime": AT[at + 2], "parentObservationId": None,
             "sessionId": None, "input": "Why?", "isRootObservation": True},
        ]  # fmt: skip

    def score(at: int) -> Object:
        trace_id = f"{stamp:016x}{at:016x}"
        return {
            "id": f"{trace_id}-score", "projectId": "p", "name": "tone", "source": "ANNOTATION",
            "timestamp": AT[at + 2], "dataType": "CATEGORICAL", "value": "kind", "comment": None,
            "environment": "production", "subject": {"kind": "trace", "id": trace_id},
        }  # fmt: skip

    starts = (1, 4, 7)
    found = [one for at in starts for one in observations(at)]
    return Vendor(vendors.langfuse(found, [score(at) for at in starts]), None, 3, 3)


def opik(stamp: int) -> Vendor:
    root, project = uuid_of(stamp, 0x11), uuid_of(stamp, 0xAA)
    trace = {
        "id": root, "project_id": project, "name": "fix", "start_time": AT[1], "end_time": AT[6],
        "input": {"question": "Why?"}, "output": {"output": "Done"}, "tags": ["billing"],
        "metadata": {"user_id": "u-7"}, "thread_id": f"opik-{stamp}", "created_at": AT[1],
        "last_updated_at": AT[6], "created_by": "someone", "duration": 5000.0, "span_count": 3,
        "feedback_scores": [{"name": "quality", "value": 0.8, "source": "ui", "reason": "good"}],
    }  # fmt: skip
    span: Object = {"trace_id": root, "parent_span_id": None, "project_id": project, "metadata": {},
            "input": {}, "output": {}, "last_updated_at": AT[6]}  # fmt: skip
    spans = [
        {**span, "id": uuid_of(stamp, 0x12), "name": "plan", "type": "llm", "model": "gpt-4o",
         "start_time": AT[2], "end_time": AT[3], "provider": "openai",
         "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}},
        {**span, "id": uuid_of(stamp, 0x13), "name": "run_tests", "type": "tool",
         "start_time": AT[4], "end_time": AT[5],
         "error_info": {"exception_type": "RuntimeError", "message": "3 failed",
                        "traceback": "…"}},
        {**span, "id": uuid_of(stamp, 0x14), "name": "note", "type": "general",
         "start_time": AT[5], "end_time": AT[6]},
    ]  # fmt: skip
    answers = vendors.opik("billing", {"traces": [trace], "spans": spans})
    whole = {"trace": trace, "spans": spans, "attachments": [], "project_name": "billing"}

    def file(folder: Path) -> Path:
        # Its times are Python's own spelling: with a space.
        text = json.dumps(whole, indent=2).replace("T10:00:", " 10:00:").replace('Z"', '+00:00"')
        path = folder / f"trace_{root}.json"
        path.write_text(text)
        return path

    return Vendor(answers, file, 1, 1)


def mlflow(stamp: int) -> Vendor:
    def trace(at: int) -> Object:
        digits = f"ff{stamp:014x}{at + 1:016x}"
        begun_ns = 1_777_629_600_000_000_000 + at * 10_000_000_000

        def span(number: int, name: str, kind: str, **more: Any) -> Object:
            told = {"mlflow.spanType": {"string_value": kind}, **more.pop("told", {})}
            return {
                "trace_id": _base64(digits),
                "span_id": _base64(f"{stamp:08x}{number + at * 8:08x}"),
                "name": name, "start_time_unix_nano": begun_ns + number * 1_000_000_000,
                "end_time_unix_nano": begun_ns + (number + 1) * 1_000_000_000,
                "attributes": [{"key": key, "value": value} for key, value in told.items()],
                "status": {"code": "STATUS_CODE_OK"}, **more,
            }  # fmt: skip

        counts = [{"key": key, "value": {"int_value": value}} for key, value in USAGE.items()]
        root = span(1, "fix", "AGENT")
        below = {"parent_span_id": root["span_id"]}
        model = {
            "mlflow.llm.model": {"string_value": "gpt-4o"},
            "mlflow.chat.tokenUsage": {"kvlist_value": {"values": counts}},
        }
        failed = {"code": "STATUS_CODE_ERROR", "message": "3 failed"}
        info = {
            "trace_id": f"tr-{digits}", "state": "OK", "request_time": AT[at],
            "execution_duration": "4s", "tags": {"mlflow.traceName": "fix"},
            "trace_location": {"type": "MLFLOW_EXPERIMENT",
                               "mlflow_experiment": {"experiment_id": "1"}},
            "trace_metadata": {"mlflow.trace.session": f"mlflow-{stamp}",
                               "mlflow.trace.user": "u-7"},
            "assessments": [
                {"assessment_id": f"a-{digits}", "assessment_name": "quality",
                 "trace_id": f"tr-{digits}", "feedback": {"value": True}, "valid": True,
                 "source": {"source_type": "HUMAN", "source_id": "reviewer"},
                 "create_time": AT[7], "last_update_time": AT[7]},
            ],
        }  # fmt: skip
        spans = [
            root,
            span(2, "plan", "CHAT_MODEL", told=model, **below),
            span(3, "run_tests", "TOOL", status=failed, **below),
        ]
        return {"trace_info": info, "spans": spans}

    traces = [trace(at) for at in range(3)]
    exported = [_as_exported(one) for one in traces]
    return Vendor(
        vendors.mlflow(traces), lambda folder: _lines(folder / "traces.jsonl", exported), 3, 3
    )


def _as_exported(trace: Object) -> Object:
    """As `trace.to_json()`: attributes are JSON in text, the duration is a number."""
    info = dict(trace["trace_info"], execution_duration_ms=4000)
    del info["execution_duration"]

    def plain(value: Object) -> Any:
        (found,) = value.values()
        if isinstance(found, dict):
            return {one["key"]: plain(one["value"]) for one in found["values"]}
        return found

    spans = [
        span | {"attributes": {a["key"]: json.dumps(plain(a["value"])) for a in span["attributes"]}}
        for span in trace["spans"]
    ]
    return {"info": info, "data": {"spans": spans}}


def _lines(path: Path, values: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


def _base64(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode()


def phoenix(stamp: int) -> Vendor:
    trace_id = f"fe{stamp:014x}{1:016x}"

    def span(number: int, name: str, kind: str, start: int, end: int, **more: Any) -> Object:
        return {
            "id": f"node-{number}", "name": name, "span_kind": kind, "status_code": "OK",
            "context": {"trace_id": trace_id, "span_id": f"{stamp:08x}{number:08x}"},
            "parent_id": None if number == 1 else f"{stamp:08x}{1:08x}", "events": [],
            "start_time": AT[start], "end_time": AT[end], "status_message": "", **more,
        }  # fmt: skip

    model = {
        "llm.model_name": "gpt-4o", "llm.token_count.prompt": 100,
        "llm.token_count.completion": 20, "llm.provider": "openai",
    }  # fmt: skip
    spans = [
        span(1, "fix", "CHAIN", 1, 6,
             attributes={"session.id": f"phoenix-{stamp}", "user.id": "u-7"}),
        span(2, "plan", "LLM", 2, 3, attributes=model),
        span(3, "run_tests", "TOOL", 4, 5, attributes={"tool.name": "run_tests"},
             status_code="ERROR", status_message="3 failed"),
    ]  # fmt: skip
    given = {
        "id": "note-1", "name": "quality", "annotator_kind": "HUMAN", "identifier": "",
        "span_id": spans[0]["context"]["span_id"], "source": "API", "user_id": None,
        "result": {"label": "good", "score": 1.0, "explanation": None}, "metadata": {},
        "created_at": AT[7], "updated_at": AT[7],
    }  # fmt: skip
    return Vendor(vendors.phoenix("default", spans, [given]), None, 1, 1)


VENDORS = (langsmith, langfuse, opik, mlflow, phoenix)
IN_FILES = (langsmith, opik, mlflow)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("moved") / "data") as address:
        yield address


class Moved:
    """Runs a page's script, and reads what came of it."""

    def __init__(self, server: str) -> None:
        self.server = server

    def bring(self, name: str, answers: vendors.Answers) -> None:
        (theirs,) = re.findall(r'^THERE\b.*?= "(https?://[^/"]+)', page(name), re.MULTILINE)
        with vendors.answering(answers) as there:
            self.run(name, {theirs: there})

    def run(self, name: str, addresses: dict[str, str]) -> None:
        """The page's last script, as it stands but for addresses and keys."""
        script = blocks(name, "python")[-1]
        keys = {"qd_…": "any-in-local-mode", "…": "1"}
        for told, ours in {OURS: self.server, **addresses, **keys}.items():
            script = script.replace(told, ours)
        exec(compile(script, f"migrate-from-{name}.md", "exec"), {})

    def import_file(self, path: Path) -> None:
        server = ImportServer(Server(url=self.server), Console(quiet=True))
        importer = Importer(send=server.send, tell=server.tell, placed=server.started_ns)
        importer.add(Source(path))
        importer.close()
        assert importer.report.to_json()["bad_lines"] == []
        assert sum(importer.report.passed_on.values()) >= 1

    def session(self, session_id: str, *, tool_errors: int) -> Object:
        """The session of this id, once it has that many and all that was sent is stored."""
        deadline = time.monotonic() + WITHIN_S
        found: Object = {}
        while time.monotonic() < deadline:
            at_rest = self._get("/readyz")["oldest_unprocessed_s"] == 0
            found = self._get(f"/api/v1/sessions/{session_id}")
            if at_rest and "tool_calls" in found and _errors(found) >= tool_errors:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{session_id} did not come: {found}")

    def _get(self, path: str) -> Any:
        return httpx.get(self.server + path, trust_env=False).json()


@pytest.mark.real_server
@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.__name__)
def test_a_pages_script_brings_the_session_and_a_second_time_nothing(
    server: str, vendor: Callable[[int], Vendor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    name, there, moved = vendor.__name__, vendor(1), Moved(server)
    moved.bring(name, there.answers)
    first = moved.session(f"{name}-1", tool_errors=there.traces)
    _assert_as_there(first, there)
    moved.bring(name, there.answers)
    assert _told(moved.session(f"{name}-1", tool_errors=there.traces)) == _told(first)


@pytest.mark.real_server
@pytest.mark.parametrize("vendor", IN_FILES, ids=lambda vendor: vendor.__name__)
def test_an_exported_file_brings_the_session_and_the_script_then_nothing(
    server: str, vendor: Callable[[int], Vendor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    name, there, moved = vendor.__name__, vendor(2), Moved(server)
    assert there.file is not None
    path = there.file(tmp_path)
    moved.import_file(path)
    # Feedback of LangSmith is no part of its runs.
    expected = there._replace(scores=0) if name == "langsmith" else there
    first = moved.session(f"{name}-2", tool_errors=there.traces)
    _assert_as_there(first, expected)
    moved.import_file(path)
    assert _told(moved.session(f"{name}-2", tool_errors=there.traces)) == _told(first)
    moved.bring(name, there.answers)
    again = moved.session(f"{name}-2", tool_errors=there.traces)
    _assert_as_there(again, there)
    assert _told(again) | {"scores": None} == _told(first) | {"scores": None}


@pytest.mark.real_server
def test_the_lines_of_openpipes_log_are_calls_of_the_session_that_they_name(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    answer = {"role": "assistant", "content": "Done"}
    lines = [
        {
            "input": {"model": "gpt-4o", "messages": [{"role": "user", "content": f"Why {at}?"}]},
            "output": {"id": f"chatcmpl-{at}", "model": "gpt-4o", "created": 1_777_629_600 + at,
                       "choices": [{"index": 0, "message": answer, "finish_reason": "stop"}],
                       "usage": usage},
            "tags": {"session_id": "openpipe-1"},
        }
        for at in (1, 2)
    ]  # fmt: skip
    _lines(tmp_path / "logs.jsonl", lines)
    moved = Moved(server)
    for _ in range(2):
        moved.run("openpipe", {})
        session = moved.session("openpipe-1", tool_errors=0)
        (model,) = session["models_used"]
        assert (model["model"], model["calls"], model["input_tokens"]) == ("gpt-4o", 2, 200)
        assert session["started_at"].startswith("2026-05-01T10:00:0")


def _assert_as_there(session: Object, there: Vendor) -> None:
    assert session["user"] == "u-7"
    (model,) = session["models_used"]
    assert (model["model"], model["calls"]) == ("gpt-4o", there.traces)
    assert (model["input_tokens"], model["output_tokens"]) == (
        100 * there.traces,
        20 * there.traces,
    )
    (tool,) = session["tool_calls"]
    assert tool == {"tool": "run_tests", "calls": there.traces, "errors": there.traces, "denied": 0}
    assert len(session["scores"]) == there.scores
    assert {score["judge"] for score in session["scores"]} <= {"human"}


def _errors(session: Object) -> int:
    return sum(tool["errors"] for tool in session.get("tool_calls", ()))


def _told(session: Object) -> Object:
    """What a session is, without when the server heard of it: Opik's scores tell no time."""
    scores = sorted(
        (score["name"], score["value"], score["label"] or "", score["identifier"] or "")
        for score in session["scores"]
    )
    names = ("started_at", "ended_at", "status", "models_used", "tool_calls", "agents",
             "tags", "user", "cost")  # fmt: skip
    return {"scores": scores, **{name: session[name] for name in names}}
