"""Gemini CLI and iFlow: own chats entry by entry, then the samples of a viewer."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.receive.transcripts.formats.gemini_cli import FORMAT
from quarterdeck.receive.transcripts.formats.iflow import FORMAT as IFLOW
from quarterdeck.receive.transcripts.transcript import Event, Transcript
from receive.transcripts.breaking import lines_survive
from receive.transcripts.reading import calls, codes, mutilated, survives, tools, transcripts
from receive.transcripts.stories import story

GOLDEN = Path(__file__).parents[2] / "golden" / "transcripts"
CHAT = next((GOLDEN / "gemini_cli").rglob("*.jsonl"))
FLOW = next((GOLDEN / "iflow").glob("*.jsonl"))


@pytest.mark.parametrize(("of", "path"), [(FORMAT, CHAT), (IFLOW, FLOW)], ids=["gemini", "iflow"])
def test_a_chat_is_read_entry_by_entry(of: Any, path: Path) -> None:
    expected = path.with_suffix(".expected.txt").read_text()
    assert "\n".join(map(story, transcripts(of, path))) == expected


def test_what_was_gone_back_over_is_kept_and_marked() -> None:
    (chat,) = transcripts(FORMAT, CHAT)
    assert [call.id for call in calls(chat) if call.metadata.get("abandoned")] == ["g1", "g2"]
    assert chat.metadata["title"] == "Renaming"


def test_a_document_and_its_lines_are_one_story(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in CHAT.read_text().splitlines()]
    kept = {line["id"]: line for line in lines if "id" in line}
    path = tmp_path / "session.json"
    path.write_text(json.dumps(lines[0] | {"messages": list(kept.values())}, indent=2))
    (document,) = transcripts(FORMAT, path)
    assert story(document) == story(transcripts(FORMAT, CHAT)[0])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_line_however_broken_raises(data: st.DataObject) -> None:
    of, path = data.draw(st.sampled_from(((FORMAT, CHAT), (IFLOW, FLOW))))
    lines_survive(of, path, data)


# -- real samples ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def samples(shared: Path) -> Path:
    return shared / "data/session_formats/agentsview/internal/parser/testdata"


def _chats(samples: Path) -> dict[str, tuple[dict[str, Any], Transcript]]:
    found = {}
    for path in sorted((samples / "gemini").glob("*.json")):
        (read,) = transcripts(FORMAT, path)
        found[path.stem] = (json.loads(path.read_text()), read)
    return found


def test_a_viewers_chats_hold_what_they_say(samples: Path) -> None:
    for raw, found in _chats(samples).values():
        answers = [m for m in raw["messages"] if m["type"] == "gemini"]
        asked = [tool for m in answers for tool in m.get("toolCalls", [])]
        assert found.session_id == raw["sessionId"]
        assert [call.id for call in calls(found)] == [m["id"] for m in answers]
        assert [(t.tool, t.arguments, t.status) for t in tools(found)] == [
            (tool["name"], tool["args"], "ok") for tool in asked
        ]
        for call, m in zip(calls(found), answers, strict=True):
            tokens = m.get("tokens")
            assert (call.usage is None) == (tokens is None)
            if call.usage is not None:
                assert call.usage.input_tokens == tokens["input"] + tokens["tool"]
                assert call.usage.output_tokens == tokens["output"] + tokens["thoughts"]
                assert call.usage.cache_read_tokens == tokens["cached"]


def test_totals_that_count_the_cache_twice_are_a_finding(samples: Path) -> None:
    found = {name: codes(read) for name, (_, read) in _chats(samples).items()}
    assert found.pop("standard_session") == {"usage_disagrees"}
    assert set().union(*found.values()) == set()


def test_notes_of_the_command_line_are_steps_and_no_task(samples: Path) -> None:
    _, found = _chats(samples)["system_messages"]
    assert [(e.name, e.status) for e in found.entries if isinstance(e, Event)] == [
        ("info message", "unset"), ("error message", "error"), ("warning message", "unset"),
    ]  # fmt: skip
    assert found.task == ""


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_document_however_broken_raises(samples: Path, data: st.DataObject) -> None:
    document = json.loads((samples / "gemini" / "tool_calls_with_results.json").read_text())
    survives(FORMAT, data.draw(mutilated(document)))


def test_iflow_repeats_tool_calls_that_are_one(samples: Path) -> None:
    (path,) = (samples / "iflow").glob("*.jsonl")
    (found,) = transcripts(IFLOW, path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    blocks = [b for line in lines for b in line["message"]["content"] if isinstance(b, dict)]
    asked = {b["id"] for b in blocks if b["type"] == "tool_use"}
    kinds = [line["type"] for line in lines]
    answers = sum(a == "assistant" != b for a, b in zip(kinds, ["", *kinds], strict=False))
    assert {tool.call_id for tool in tools(found)} == asked
    assert (len(tools(found)), len(calls(found))) == (len(asked), answers) == (6, 4)
    assert [call.usage for call in calls(found)] == [None] * 4
    assert all(tool.status == "ok" and tool.result for tool in tools(found))
