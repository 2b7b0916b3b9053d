"""Posit Assistant: own fixture, then real folders against their trees and messages."""

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.receive.transcripts.formats.posit_assistant import FORMAT
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.spans import to_spans
from quarterdeck.receive.transcripts.transcript import Transcript
from receive.transcripts.goldens import GOLDEN, assert_tells, fixtures
from receive.transcripts.reading import calls, codes, mutilated, tools, transcripts

FOLDER = "data/session_formats/agentsview/internal/parser/testdata/posit-assistant/workspaces"
FOLDERS = ("a1b2c3d4/11111111", "a1b2c3d4/11111111/subagents/22222222", "default/33333333")
OWN = GOLDEN / "posit_assistant" / "w1" / "5e55aaaa"


def messages(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "lm-messages.jsonl").read_text().splitlines()
    return [json.loads(line)["message"] for line in lines]


def facts(message: dict[str, Any]) -> dict[str, Any]:
    found = message["providerOptions"]["providerMetadata"]["positai"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("fixture", fixtures(FORMAT))
def test_own_fixtures_tell_what_they_should(fixture: str, tmp_path: Path) -> None:
    assert_tells(FORMAT, fixture, tmp_path)


@pytest.mark.parametrize("name", FOLDERS)
def test_calls_and_tokens_are_those_of_the_messages(shared: Path, name: str) -> None:
    (of,) = transcripts(FORMAT, shared / FOLDER / name / "conversation.json")
    told = [m for m in messages(shared / FOLDER / name) if m["role"] == "assistant"]
    assert [call.model for call in calls(of)] == [facts(m)["modelId"] for m in told]
    for call, message in zip(calls(of), told, strict=True):
        usage = facts(message).get("usage")
        if usage is None:
            assert call.usage is None
        else:
            assert call.usage is not None
            assert call.usage.cache_read_tokens == usage["cacheReadTokens"]
            # Its total counts cached tokens beside the input: so does ours, inside it.
            assert (call.usage.input_tokens or 0) + (call.usage.output_tokens or 0) == (
                usage["totalTokens"]
            )
    assert codes(of) == set()


def test_a_sub_agent_is_a_part_and_a_branch_that_was_left_is_marked(shared: Path) -> None:
    main, sub, _ = (
        transcripts(FORMAT, shared / FOLDER / name / "conversation.json")[0] for name in FOLDERS
    )
    assert (sub.session_id, sub.part, main.part) == ("11111111", "22222222", "")
    assert [entry.metadata.get("abandoned", False) for entry in calls(main)] == [
        False, False, False, True,
    ]  # fmt: skip
    left = calls(main)[-1]
    said = [part.content for m in left.input for part in m.parts if hasattr(part, "content")]
    assert not left.continues
    assert said[-1] == "thanks"
    assert "You're welcome!" not in said
    assert [(tool.tool, tool.status) for tool in tools(main)] == [("read", "ok")]


def test_every_other_file_of_the_folder_belongs_to_it(shared: Path) -> None:
    files = [path for path in (shared / FOLDER).rglob("*") if path.is_file()]
    known = {path for path in files if FORMAT.recognizes(Source(path))}
    assert {path.parent for path in known} == {shared / FOLDER / name for name in FOLDERS}
    assert all(FORMAT.belongs(Source(path)) for path in files if path not in known)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_mutilated_folder_raises_nothing(tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "5e55aaaa"
    shutil.copytree(OWN, folder, dirs_exist_ok=True)
    tree = copy.deepcopy(json.loads((OWN / "conversation.json").read_text()))
    (folder / "conversation.json").write_text(json.dumps(data.draw(mutilated(tree))))
    lines = (OWN / "lm-messages.jsonl").read_text().splitlines()
    broken = [json.dumps(data.draw(mutilated(json.loads(line)))) for line in lines]
    (folder / "lm-messages.jsonl").write_text("\n".join(broken[: data.draw(st.integers(0, 5))]))
    source = Source(folder / "conversation.json")
    for of in FORMAT.read(source) if FORMAT.recognizes(source) else ():
        if isinstance(of, Transcript):
            to_spans(of, placed_ns=1)
