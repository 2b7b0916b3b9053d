"""Codex and TRAE: own rollouts entry by entry, then the samples of a viewer by what they hold."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.receive.transcripts.codex.outputs import read_output
from quarterdeck.receive.transcripts.formats.codex import FORMAT
from quarterdeck.receive.transcripts.formats.traex import FORMAT as TRAEX
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import PersonAct, Transcript
from receive.transcripts.breaking import lines_survive
from receive.transcripts.reading import calls, codes, tools, transcripts
from receive.transcripts.stories import story

GOLDEN = Path(__file__).parents[2] / "golden" / "transcripts" / "codex"
DAY = GOLDEN / "2026" / "05" / "06"
MAIN = next(DAY.glob("*00a.jsonl"))
FORK = next(DAY.glob("*00c.jsonl"))


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("path", sorted(GOLDEN.rglob("*.jsonl")), ids=lambda path: path.stem[-4:])
def test_a_rollout_is_read_entry_by_entry(path: Path) -> None:
    expected = path.with_suffix(".expected.txt").read_text()
    assert "\n".join(map(story, transcripts(FORMAT, path))) == expected


def test_the_calls_tokens_add_up_to_the_recorders_total() -> None:
    infos = [line["payload"].get("info") for line in _lines(MAIN)]
    total = [info["total_token_usage"] for info in infos if info][-1]
    usages = [call.usage for call in calls(transcripts(FORMAT, MAIN)[0]) if call.usage]
    assert sum(usage.input_tokens or 0 for usage in usages) == total["input_tokens"]
    assert sum(usage.output_tokens or 0 for usage in usages) == total["output_tokens"]
    assert sum(usage.cache_read_tokens or 0 for usage in usages) == total["cached_input_tokens"]
    assert codes(transcripts(FORMAT, MAIN)[0]) == set()


def test_a_total_that_no_call_tells_is_a_finding(tmp_path: Path) -> None:
    lines = [line for line in _lines(MAIN) if '"input_tokens": 1500' not in json.dumps(line)]
    assert len(lines) == len(_lines(MAIN)) - 1
    path = tmp_path / MAIN.name
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert codes(transcripts(FORMAT, path)[0]) == {"usage_missing"}


def test_a_fork_counts_only_what_it_added() -> None:
    (fork,) = transcripts(FORMAT, FORK)
    assert [(call.usage.input_tokens if call.usage else None) for call in calls(fork)] == [1100]
    assert codes(fork) == {"duplicate_lines"}


@pytest.mark.parametrize(
    ("output", "status", "error_type"),
    [
        ("Exit code: 0\nWall time: 1 seconds\nOutput:\nerror: x", "ok", ""),
        ("Exit code: 127\nWall time: 1 seconds\nOutput:\n", "error", "exit code 127"),
        ('{"output":"no","metadata":{"exit_code":2,"duration_seconds":0.1}}', "error",
         "exit code 2"),
        ("patch rejected by user", "blocked", ""),
        ("unsupported call: x", "error", ""),
        ({"content": "no", "success": False}, "error", ""),
        ([{"type": "input_text", "text": "yes"}], "ok", ""),
        ('{"agent_id":"1"}', "ok", ""),
        (None, "ok", ""),
        (7, "ok", ""),
    ],
)  # fmt: skip
def test_an_outputs_words_tell_how_it_went(output: Any, status: str, error_type: str) -> None:
    found = read_output(output)
    assert (found.status, found.error_type) == (status, error_type)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_line_however_broken_raises(data: st.DataObject) -> None:
    lines_survive(FORMAT, data.draw(st.sampled_from((MAIN, FORK))), data)


# -- real samples ------------------------------------------------------------------------------


@pytest.fixture
def samples(shared: Path) -> Path:
    return shared / "data/session_formats/agentsview/internal/parser/testdata"


def test_a_viewers_samples_have_all_their_tool_calls(samples: Path) -> None:
    found: dict[str, Transcript] = {}
    for path in sorted((samples / "codex").glob("*.jsonl")):
        (found[path.stem],) = transcripts(FORMAT, path)
        asked = [line["payload"] for line in _lines(path)
                 if line["payload"].get("type") == "function_call"]  # fmt: skip
        assert [tool.tool for tool in tools(found[path.stem])] == [one["name"] for one in asked]
        assert found[path.stem].session_id == _lines(path)[0]["payload"]["id"]
        assert codes(found[path.stem]) == set()
    assert {name: (len(calls(t)), t.task) for name, t in found.items()} == {
        "blockquotes_session": (1, "blablabla?"),
        "fc_args_1": (1, "inspect files"),
        "fc_args_2": (1, "apply patch"),
        "fc_stdin": (1, "send input"),
        "function_calls": (1, "Run the tests"),
        "standard_session": (1, "Add rate limiting"),
    }
    assert tools(found["fc_args_1"])[0].arguments == {"cmd": "rg --files", "workdir": "/tmp"}


def test_a_sub_agents_rollout_belongs_to_its_callers_session(samples: Path) -> None:
    path = samples / "traex" / "rollout_subagent.jsonl"
    (found,) = transcripts(TRAEX, path)
    meta = _lines(path)[0]["payload"]
    assert found.session_id == meta["source"]["subagent"]["thread_spawn"]["parent_thread_id"]
    assert (found.part, found.agent, found.agent_role) == (
        f"thread:{meta['id']}", "Averroes", "explorer",
    )  # fmt: skip
    assert [tool.tool for tool in tools(found)] == ["spawn_agent", "wait_agent", "exec_command"]
    usages = [call.usage for call in calls(found) if call.usage]
    assert [(u.input_tokens, u.output_tokens, u.reasoning_tokens) for u in usages] == [
        (4200, 180, 64)
    ]
    assert not FORMAT.recognizes(Source(path))


def test_an_approval_that_was_asked_for_and_followed_is_one(tmp_path: Path) -> None:
    """Only older files hold the request; that the command ran is the answer."""
    lines = _lines(MAIN)
    at = next(n for n, line in enumerate(lines) if line["payload"].get("call_id") == "call_1")
    asked = {"type": "exec_approval_request", "call_id": "call_1", "command": ["pytest"]}
    lines.insert(at + 1, lines[at] | {"type": "event_msg", "payload": asked})
    path = tmp_path / MAIN.name
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (found,) = transcripts(FORMAT, path)
    acts = [(e.kind, e.decision, e.call_id) for e in found.entries if isinstance(e, PersonAct)]
    assert acts == [
        ("approval", "approved", "call_1"), ("approval", "rejected", "call_3"),
        ("question", "none", "call_4"), ("stop", "cancelled", ""),
    ]  # fmt: skip
