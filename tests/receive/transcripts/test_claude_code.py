"""
Claude Code: own fixtures entry by entry, then real sessions against sums counted from their lines.

The real ones are 58 redacted sessions, six whose script is known (clients/set2/drive_claude.py),
and the samples of two viewers.
"""

import gzip
import json
import shutil
from collections import Counter
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.assembly.assemble import assemble
from quarterdeck.model.spans import RawSpan, Resource
from quarterdeck.model.usage import Usage
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.receive.transcripts.formats.claude_code import FORMAT
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.spans import to_spans
from quarterdeck.receive.transcripts.transcript import (
    BadLine,
    Event,
    ModelCall,
    PersonAct,
    ToolCall,
    Transcript,
)
from receive.transcripts.breaking import lines_survive
from receive.transcripts.reading import calls, codes, read_file, tools
from receive.transcripts.stories import story

GOLDEN = Path(__file__).parents[2] / "golden" / "transcripts" / "claude_code"
PEOPLE = GOLDEN / "people" / "5e551000-0000-4000-8000-000000000001.jsonl"


def _sessions(path: Path) -> list[Transcript]:
    return [item for item in read_file(FORMAT, path) if isinstance(item, Transcript)]


def _acts(of: Transcript) -> Counter[tuple[str, str]]:
    return Counter(
        (e.kind, e.decision) for e in of.entries if isinstance(e, PersonAct) and not e.auto
    )


# -- own fixtures ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", sorted(GOLDEN.rglob("*.jsonl")), ids=lambda path: path.relative_to(GOLDEN).parts[0]
)
def test_a_session_is_read_entry_by_entry(path: Path) -> None:
    expected = path.with_suffix(".expected.txt").read_text()
    assert "\n".join(map(story, _sessions(path))) == expected


def test_a_streamed_message_is_one_call_with_its_last_usage() -> None:
    first = calls(_sessions(PEOPLE)[0])[0]
    assert first.usage == Usage(
        input_tokens=1010, output_tokens=57, cache_read_tokens=0, cache_write_tokens=1000,
        cache_write_1h_tokens=400,
    )  # fmt: skip
    assert (first.response_id, first.metadata) == ("req_1", {"message_id": "msg_1"})
    assert len(first.output[0].parts) == 4


def test_people_approve_edit_answer_refuse_and_stop() -> None:
    assert _acts(_sessions(PEOPLE)[0]) == {
        ("approval", "approved"): 1, ("edit", "modified"): 1, ("question", "none"): 1,
        ("approval", "rejected"): 1, ("stop", "cancelled"): 1,
    }  # fmt: skip


def test_a_resumed_copy_bills_nothing_twice(tmp_path: Path) -> None:
    folder = GOLDEN / "resumed"
    told = [
        call.id for path in folder.glob("*.jsonl") for t in _sessions(path) for call in calls(t)
    ]
    assert sorted(told) == ["call:msg_41", "call:msg_42", "call:msg_43"]
    alone = shutil.copy(folder / "5e551000-0000-4000-8000-000000000005.jsonl", tmp_path)
    assert len(calls(_sessions(Path(alone))[0])) == 3, "without the original it has all of them"


def test_an_original_that_goes_on_keeps_its_calls_and_the_copy_its_own(tmp_path: Path) -> None:
    for path in (GOLDEN / "resumed").glob("*.jsonl"):
        shutil.copy(path, tmp_path)
    original = tmp_path / "5e551000-0000-4000-8000-000000000004.jsonl"
    copy = tmp_path / "5e551000-0000-4000-8000-000000000005.jsonl"
    line = json.loads(copy.read_text().splitlines()[-1])
    line |= {"sessionId": original.stem, "uuid": "later", "timestamp": "2026-03-05T09:00:00.000Z"}
    line["message"]["id"], line["requestId"] = "msg_44", "req_44"
    original.write_text(original.read_text() + json.dumps(line) + "\n")
    assert [c.id for c in calls(_sessions(original)[0])] == [
        "call:msg_41", "call:msg_42", "call:msg_44",
    ]  # fmt: skip
    assert [c.id for c in calls(_sessions(copy)[0])] == ["call:msg_43"]


def test_a_file_that_begins_with_another_sessions_lines_is_its_own(tmp_path: Path) -> None:
    """As resumed ones did for a time: the old lines with the old id, then the new ones."""
    old, new = (
        GOLDEN / "resumed" / f"5e551000-0000-4000-8000-00000000000{n}.jsonl" for n in (4, 5)
    )
    later = new.read_text().splitlines()[-2:]
    path = tmp_path / new.name
    path.write_text(old.read_text() + "".join(line + "\n" for line in later))
    assert [(t.session_id, t.part, len(calls(t))) for t in _sessions(path)] == [
        (old.stem, f"in:{new.stem}", 2), (new.stem, "", 1),
    ]  # fmt: skip
    shutil.copy(old, tmp_path)
    (only,) = _sessions(path)
    assert (only.session_id, len(calls(only)), codes(only)) == (new.stem, 1, {"duplicate_lines"})


def test_a_half_last_line_is_a_finding_and_no_error(tmp_path: Path) -> None:
    path = tmp_path / PEOPLE.name
    path.write_bytes(PEOPLE.read_bytes()[:-100])
    found = read_file(FORMAT, path)
    assert [type(item) for item in found] == [Transcript]
    assert "truncated_file" in codes(found[0])  # type: ignore[arg-type]


def test_a_bad_line_costs_only_itself(tmp_path: Path) -> None:
    lines = PEOPLE.read_text().splitlines()
    whole = _sessions(PEOPLE)[0]
    path = tmp_path / PEOPLE.name
    path.write_text("\n".join([*lines[:20], "{broken", "17", *lines[20:]]) + "\n")
    found = read_file(FORMAT, path)
    assert [item.number for item in found if isinstance(item, BadLine)] == [21, 22]
    assert [len(t.entries) for t in found if isinstance(t, Transcript)] == [len(whole.entries)]


def test_a_sub_agent_at_work_hangs_below_its_call_already(tmp_path: Path) -> None:
    """Its caller's file names it in the result, which is written when it is done."""
    session = "5e551000-0000-4000-8000-000000000002"
    shutil.copytree(GOLDEN / "subagents", tmp_path, dirs_exist_ok=True)
    main = tmp_path / f"{session}.jsonl"
    main.write_text("".join(line + "\n" for line in main.read_text().splitlines()[:2]))
    (agent,) = _sessions(tmp_path / session / "subagents" / "agent-ab12.jsonl")
    assert (agent.attached_to, agent.agent) == ("tool:toolu_21", "Explore")
    (caller,) = _sessions(main)
    assert codes(caller) == set(), "what is not over is not missing"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_line_however_broken_raises(data: st.DataObject) -> None:
    lines_survive(FORMAT, PEOPLE, data)


# -- real sessions -----------------------------------------------------------------------------


@cache
def _raw(path: Path) -> list[dict[str, Any]]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return [json.loads(line) for line in text.splitlines() if line.strip()]


@cache
def _read(path: Path) -> Transcript:
    (only,) = read_file(FORMAT, path)
    assert isinstance(only, Transcript)
    return only


def _blocks(lines: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    contents = [line["message"]["content"] for line in lines if "message" in line]
    found = [block for c in contents if isinstance(c, list) for block in c]
    return [block for block in found if block["type"] == kind]


def _billed(lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The usage of each message id with the largest output: the last of the stream."""
    usages: dict[str, dict[str, Any]] = {}
    for line in lines:
        message = line.get("message", {})
        if line["type"] != "assistant" or message["model"] == "<synthetic>":
            continue
        known = usages.get(message["id"], {"output_tokens": -1})
        if message["usage"]["output_tokens"] >= known["output_tokens"]:
            usages[message["id"]] = message["usage"]
    return usages


@pytest.fixture(scope="module")
def redacted(shared: Path) -> list[Path]:
    return sorted((shared / "data" / "claude_code_redacted").glob("*.jsonl.gz"))


def test_58_redacted_sessions_have_every_call_once(redacted: list[Path]) -> None:
    assert len(redacted) == 58
    assert len({_read(path).session_id for path in redacted}) == 58
    assert {_read(path).part for path in redacted} == {""}
    counted = 0
    for path in redacted:
        usages, transcript = _billed(_raw(path)), _read(path)
        found = {call.metadata["message_id"]: call.usage for call in calls(transcript)}
        assert found.keys() == usages.keys()
        for key, usage in usages.items():
            made = found[key]
            assert made is not None
            read, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
            assert made.input_tokens == usage["input_tokens"] + read + written
            assert (made.cache_read_tokens, made.cache_write_tokens) == (read, written)
            assert made.output_tokens == usage["output_tokens"]
        counted += len(found)
    assert counted == 2731


def test_the_redacted_sessions_tools_are_counted_with_their_errors(redacted: list[Path]) -> None:
    total: Counter[str] = Counter()
    for path in redacted:
        lines, transcript = _raw(path), _read(path)
        asked, results = _blocks(lines, "tool_use"), _blocks(lines, "tool_result")
        assert {t.call_id for t in tools(transcript)} == {block["id"] for block in asked}
        failed = {block["tool_use_id"] for block in results if block.get("is_error")}
        told = {t.call_id for t in tools(transcript) if t.status in ("error", "blocked")}
        assert told == failed
        total.update(t.status for t in tools(transcript))
    assert total == {"ok": 2684, "error": 100, "blocked": 30, "unset": 2}


def test_every_refusal_and_interrupt_of_the_redacted_sessions_is_one_act(
    redacted: list[Path],
) -> None:
    refused = interrupted = stops = 0
    for path in redacted:
        lines = _raw(path)
        words = [block["text"] for block in _blocks(lines, "text")]
        refused += sum(
            str(block["content"]).startswith(
                ("The user doesn't want to", "[Request interrupted by user for tool use]")
            )
            for block in _blocks(lines, "tool_result")
        )
        interrupted += sum(w.startswith("[Request interrupted by user]") for w in words)
        stops += _acts(_read(path))["stop", "cancelled"]
    acts = sum((_acts(_read(path)) for path in redacted), Counter[tuple[str, str]]())
    assert (refused, interrupted) == (30, 8)
    # The interrupts "for tool use" follow refusals: the same act.
    assert acts == {
        ("approval", "rejected"): 30, ("stop", "cancelled"): 8,
        ("question", "none"): 7, ("approval", "approved"): 1,
    }  # fmt: skip
    assert stops == interrupted


def test_compactions_are_events_and_lost_sub_agents_a_finding(redacted: list[Path]) -> None:
    names = Counter(e.name for p in redacted for e in _read(p).entries if isinstance(e, Event))
    assert (names["compaction"], names["microcompaction"]) == (6, 1)
    spawning = {p for p in redacted if any(t.tool == "Task" for t in tools(_read(p)))}
    told = {p for p in redacted if "part_missing" in codes(_read(p))}
    assert told == {
        p
        for p in spawning
        if any(t.tool == "Task" and t.result is not None for t in tools(_read(p)))
    }
    assert all(codes(_read(p)) <= {"part_missing"} for p in redacted)


def _driven(shared: Path) -> dict[str, Transcript]:
    return {
        path.stem[:8]: _read(path)
        for path in (shared / "captures" / "claude_code_transcripts").glob("*.jsonl")
    }


def test_the_driven_sessions_show_what_the_script_did(shared: Path) -> None:
    """Two scripts, each with success, failure and a delegation; see drive_claude.py."""
    counts = {
        key: (len(calls(t)), len(tools(t)), sum(x.status == "error" for x in tools(t)),
              sum(c.status == "error" for c in calls(t)), sum(_acts(t).values()))
        for key, t in _driven(shared).items()
    }  # fmt: skip
    success, failure, delegated = (5, 3, 1, 0), (5, 3, 2, 1), (3, 1, 0, 0)
    assert {key: each[:4] for key, each in counts.items()} == {
        "7564939a": success, "c5199931": success, "062eea9d": failure, "245dbb51": failure,
        "79a72fff": delegated, "bc8dd479": delegated,
    }  # fmt: skip


def test_recorded_costs_are_the_recorders_to_the_cent(shared: Path) -> None:
    costs = {key: t.recorded_cost_usd for key, t in _driven(shared).items()}
    assert {key: round(cost or Decimal(0), 4) for key, cost in costs.items()} == {
        "7564939a": Decimal("0.0434"), "c5199931": Decimal("0.0434"),
        "062eea9d": Decimal("0.0620"), "245dbb51": Decimal("0.0620"),
        "79a72fff": Decimal("0.0414"), "bc8dd479": Decimal("0.0414"),
    }  # fmt: skip


def test_calls_that_no_line_tells_are_a_finding(shared: Path) -> None:
    """Compacting was a call, and so were the sub-agent's; only the totals know them."""
    found = {key: codes(t) for key, t in _driven(shared).items()}
    assert found["7564939a"] == found["c5199931"] == set()
    assert found["062eea9d"] == found["245dbb51"] == {"usage_missing"}
    assert found["79a72fff"] == found["bc8dd479"] == {"usage_missing", "part_missing"}


def test_viewers_samples_are_read_with_their_oddities(shared: Path) -> None:
    folder = shared / "data" / "session_formats"
    odd = read_file(FORMAT, folder / "claude-code-log/test/test_data/edge_cases.jsonl")
    assert [item.number for item in odd if isinstance(item, BadLine)] == [10, 11, 13, 14, 15, 16]
    sessions = [item for item in odd if isinstance(item, Transcript)]
    assert [(t.session_id, t.part) for t in sessions] == [
        ("edge_cases", ""), ("todowrite_session", "in:edge_cases"),
    ]  # fmt: skip
    document = folder / "claude-code-transcripts/tests/sample_session.json"
    (listed,) = _sessions(document)
    raw = json.loads(document.read_text())["loglines"]
    assert len(calls(listed)) == sum(line["type"] == "assistant" for line in raw) == 15
    assert len(tools(listed)) == len(_blocks(raw, "tool_use")) == 12


def test_recognizing_looks_at_the_beginning_only(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text('{"type":"user","message":{"role":"user","parts":[]},"timestamp":"x"}\n')
    assert not FORMAT.recognizes(Source(path)), "another recorder's message"
    path.write_text('{"type":"last-prompt","lastPrompt":"x","sessionId":"s"}\n')
    assert FORMAT.recognizes(Source(path))


def test_model_calls_begin_when_what_they_answer_was_there() -> None:
    for call in calls(_sessions(PEOPLE)[0]):
        assert isinstance(call, ModelCall)
        assert call.start_ns is not None
        assert call.end_ns is not None
        assert 0 <= call.end_ns - call.start_ns <= 10 * 10**9


# -- beside live telemetry -----------------------------------------------------------------------


def _live(of: Transcript) -> list[RawSpan]:
    """What Claude Code's own telemetry sends of the same calls and tools."""
    resource = Resource(scope_name="com.anthropic.claude_code.tracing")
    shared = {"session.id": of.session_id, "gen_ai.system": "anthropic"}
    spans: list[RawSpan] = []
    entries: list[ModelCall | ToolCall] = [*calls(of), *tools(of)]
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, ModelCall):
            usage = entry.usage
            if usage is None:
                continue
            read, written = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
            name, own = "llm_request", {
                "model": entry.model, "request_id": entry.response_id,
                "input_tokens": (usage.input_tokens or 0) - read - written,
                "output_tokens": usage.output_tokens,
                "cache_read_tokens": read, "cache_creation_tokens": written,
            }  # fmt: skip
        else:
            name, own = "tool", {"tool_name": entry.tool, "tool_use_id": entry.call_id}
        start_ns, end_ns = entry.start_ns or 0, entry.end_ns or 0
        spans.append(
            RawSpan(
                trace_id="f" * 32, span_id=f"{number:016x}", name=f"claude_code.{name}",
                start_ns=start_ns + 50_000_000, end_ns=end_ns - 20_000_000,
                attributes=shared | {"span.type": name} | own, resource=resource,
            )
        )  # fmt: skip
    return spans


def test_a_call_that_failed_after_a_compaction_begins_with_its_own_request(tmp_path: Path) -> None:
    """No line of a failure names its request: it is the last one that went out."""
    own = {"sessionId": "s-1", "isSidechain": False}
    at = "2026-11-23T03:25:{}Z".format
    lines: list[dict[str, Any]] = [
        {**own, "type": "user", "uuid": "u1", "timestamp": at("04.143"),
         "message": {"role": "user", "content": "review"}},
        {"type": "api-request", "sessionId": "s-1", "id": "r1", "timestamp": at("04.179")},
        {**own, "type": "system", "subtype": "compact_boundary", "uuid": "c1",
         "timestamp": at("04.446"), "compactMetadata": {"trigger": "auto"}},
        {**own, "type": "user", "uuid": "u2", "timestamp": at("04.396"), "isCompactSummary": True,
         "message": {"role": "user", "content": "This session is being continued"}},
        {"type": "api-request", "sessionId": "s-1", "id": "r2", "timestamp": at("04.476")},
        {**own, "type": "assistant", "uuid": "a1", "timestamp": at("04.512"),
         "isApiErrorMessage": True, "error": "invalid_request",
         "message": {"id": "m1", "role": "assistant", "model": "<synthetic>",
                     "content": [{"type": "text", "text": "Prompt is too long"}]}},
    ]  # fmt: skip
    path = tmp_path / "s-1.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    (of,) = _sessions(path)
    (compaction,) = [e for e in of.entries if isinstance(e, Event)]
    (failed,) = calls(of)
    assert failed.status == "error"
    assert failed.start_ns == instant_ns(at("04.476"))
    assert (compaction.end_ns, failed.end_ns) == (
        instant_ns(at("04.446")),
        instant_ns(at("04.512")),
    )


def test_a_session_that_was_also_sent_live_is_counted_once() -> None:
    (of,) = _sessions(PEOPLE)
    imported = [normalize_span(span) for span in to_spans(of)]
    both = [*imported, *(normalize_span(span) for span in _live(of))]
    alone, together = (assemble(spans, now_ns=2 * 10**18) for spans in (imported, both))
    assert sum(model.calls for model in together.models) == 9
    for name in ("calls", "errors", "input_tokens", "output_tokens", "cache_read_tokens"):
        told, once = (
            sum(getattr(model, name) for model in session.models) for session in (together, alone)
        )
        assert told == once, name
    assert [(t.tool, t.calls) for t in together.tools] == [(t.tool, t.calls) for t in alone.tools]
    assert together.intervention_kinds == alone.intervention_kinds
