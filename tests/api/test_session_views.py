"""
What the session's page shows beside its steps: one step, cost, transcript, outline, people, find.

Every answer here is also held to what /openapi.json declares, by the client itself.
"""

import base64
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httpx
import pytest

from api.conftest import World, bearer
from api.made import T0, S, conversation, raw, span_of, store
from captures.load import recorded_requests, replay
from quarterdeck.api.parts import Parts
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.sessions import Session
from quarterdeck.storage.events.session_writes import SessionRow, write_sessions
from quarterdeck.storage.events.span_writes import SpanRow, write_spans

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 12).decode()
LONG = "the beginning " + "x" * 30_000 + " the end"


def messages(*said: tuple[str, str]) -> str:
    return json.dumps(
        [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in said]
    )


def asking(command: str) -> str:
    part = {"type": "tool_call", "name": "bash", "id": "c1", "arguments": {"command": command}}
    return json.dumps([{"role": "assistant", "parts": [part]}])


def chat(number: int, start_s: int, **attributes: Any) -> Any:
    return raw(
        number, parent=1, name="chat gpt-4o", start_ns=T0 + start_s * S,
        gen_ai__operation__name="chat", gen_ai__request__model="gpt-4o",
        gen_ai__provider__name="openai", gen_ai__usage__output_tokens=20, **attributes,
    )  # fmt: skip


def corrected_session() -> list[Any]:
    """Asks, is corrected by ana, runs, reads a picture and answers."""
    return [
        raw(1, name="invoke_agent coder", took_ns=100 * S, session__id="s-1",
            gen_ai__operation__name="invoke_agent", gen_ai__agent__name="coder",
            quarterdeck__task_type="port"),
        chat(2, 1, gen_ai__usage__input_tokens=100,
             gen_ai__input__messages=messages(("system", "be brief"), ("user", "Port auth.py")),
             gen_ai__output__messages=asking("cargo test"),
             gen_ai__tool__definitions=json.dumps(
                 [{"type": "function", "name": "bash", "description": "runs a command"},
                  {"type": "function", "name": "edit"}])),
        raw(3, parent=1, name="approval", start_ns=T0 + 3 * S, took_ns=40 * S,
            quarterdeck__human__kind="approval", quarterdeck__human__decision="modified",
            quarterdeck__human__by="ana", quarterdeck__human__question="Run it?",
            quarterdeck__human__tool="bash", quarterdeck__human__waited_s=40,
            quarterdeck__human__answer='{"command": "cargo test --lib"}'),
        raw(4, parent=1, name="execute_tool bash", start_ns=T0 + 50 * S, status=2,
            gen_ai__operation__name="execute_tool", gen_ai__tool__name="bash",
            gen_ai__tool__call__id="c1",
            gen_ai__tool__call__arguments='{"command": "cargo test --lib"}',
            gen_ai__tool__call__result=f"{LONG} data:image/png;base64,{PNG}"),
        chat(5, 60, gen_ai__usage__input_tokens=400,
             gen_ai__input__messages=messages(
                 ("system", "be brief"), ("user", "Port auth.py"), ("assistant", "I test."),
                 ("user", "Go on, Größe [x]")),
             gen_ai__output__messages=messages(("assistant", "All done."))),
    ]  # fmt: skip


@pytest.fixture
async def asked(world: World, client: httpx.AsyncClient) -> "Asked":
    store(world.events, "acme", corrected_session(), now_ns=world.clock())
    return Asked(client, bearer(world.key("acme", "read")))


class Asked:
    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers

    async def __call__(self, path: str, *, status: int = 200, **params: Any) -> Any:
        answer = await self._client.get(
            f"/api/v1{path}", params=params or None, headers=self._headers
        )
        assert answer.status_code == status, answer.text
        return answer.json()


async def test_a_model_call_tells_what_it_saw_and_what_had_changed(asked: Asked) -> None:
    step = await asked("/sessions/s-1/steps/5")
    saw = step["saw"]
    assert (saw["compared_with"], saw["kept"], saw["added"]) == (2, 2, 2)
    assert [(m["change"], m["role"]) for m in saw["messages"]] == [
        ("kept", "system"), ("kept", "user"), ("added", "assistant"), ("added", "user"),
    ]  # fmt: skip
    assert saw["messages"][3]["parts"][0]["text"]["text"] == "Go on, Größe [x]"
    assert sum(part["tokens"] for part in step["context"]["parts"]) == 400
    assert step["context"]["estimated"] is True
    assert step["places"]["previous_model"] == 2
    assert step["so_far"]["waited_s"] == 40


async def test_tools_that_were_offered_stand_beside_the_chosen_one(asked: Asked) -> None:
    step = await asked("/sessions/s-1/steps/2")
    assert [tool["name"] for tool in step["tools"]["offered"]] == ["bash", "edit"]
    assert step["tools"]["chosen"] == ["bash"]
    assert step["saw"]["compared_with"] is None


async def test_a_tool_call_tells_its_arguments_who_asked_and_what_failed(asked: Asked) -> None:
    step = await asked("/sessions/s-1/steps/4")
    assert [(f["name"], f["value"]["text"]) for f in step["content"]["fields"]] == [
        ("command", "cargo test --lib")
    ]
    assert step["asked_by"] == {"step": 2, "agent": "coder", "model": "gpt-4o"}
    assert step["episode"]["opened_at_step"] == 4
    assert step["episode"]["recovered"] is False


async def test_a_long_result_shows_its_ends_and_the_whole_is_one_question_away(
    asked: Asked,
) -> None:
    shown = (await asked("/sessions/s-1/steps/4"))["content"]["output"]
    assert shown["text"].startswith("the beginning x")
    assert shown["left_out"] > 20_000
    assert [one["omitted"] for one in shown["omitted"]] == ["image/png"]
    whole = await asked("/sessions/s-1/steps/4", part=shown["part"], full="true")
    assert whole["text"]["text"].startswith(LONG)
    assert PNG[:60] not in json.dumps([shown, whole])
    ends = await asked("/sessions/s-1/steps/4", part=shown["part"])
    assert ends["text"]["left_out"] == shown["left_out"]


async def test_a_step_that_is_not_there_and_a_text_that_is_not_there_are_not_found(
    asked: Asked,
) -> None:
    assert (await asked("/sessions/s-1/steps/6", status=404))["error"]["code"] == "not_found"
    await asked("/sessions/s-1/steps/4", part="/nowhere", status=404)
    await asked("/sessions/s-1/steps/4", full="true", status=422)
    await asked("/sessions/nobody/steps/1", status=404)


async def test_a_step_without_content_says_so(world: World, client: httpx.AsyncClient) -> None:
    bare = raw(1, session__id="s-2", gen_ai__operation__name="chat", gen_ai__request__model="m")
    store(world.events, "acme", [bare], now_ns=world.clock())
    step = await Asked(client, bearer(world.key("acme", "read")))("/sessions/s-2/steps/1")
    assert step["content"] is None
    assert step["no_content"] == "this step was recorded without content"
    assert (step["saw"], step["so_far"]["cost_usd"]) == (None, None)


async def test_an_act_tells_what_was_asked_wanted_and_changed(asked: Asked) -> None:
    people = await asked("/sessions/s-1/people")
    (act,) = people["acts"]
    assert (people["count"], people["waited_s"]) == (1, 40)
    assert (act["kind"], act["by"], act["question"]) == ("correction", "ana", "Run it?")
    assert (act["step"], act["next_step"]) == (3, 4)
    assert [(c["name"], c["before"]["text"], c["after"]["text"]) for c in act["changes"]] == [
        ("command", "cargo test", "cargo test --lib")
    ]
    assert (await asked("/sessions/s-1/steps/3"))["act"] == act


async def test_the_transcript_reads_in_order_with_people_in_it(asked: Asked) -> None:
    page = await asked("/sessions/s-1/transcript")
    assert [(e["step"], e["kind"]) for e in page["entries"]] == [
        (1, "agent_begins"), (2, "asked"), (3, "person"), (4, "tool"), (4, "episode_opened"),
        (5, "asked"), (5, "said"), (5, "agent_ends"),
    ]  # fmt: skip
    first = await asked("/sessions/s-1/transcript", limit=3)
    assert (first["next_from"], first["total"]) == (4, 5)


async def test_the_outline_names_a_turn_by_what_was_asked(asked: Asked) -> None:
    outline = await asked("/sessions/s-1/outline")
    (turn,) = outline["entries"]
    assert (turn["title"], turn["from_step"], turn["to_step"]) == ("Port auth.py", 1, 5)
    assert [(e["kind"], e["status"]) for e in turn["children"]] == [
        ("person", "ok"), ("error", "error"),
    ]  # fmt: skip


async def test_the_cost_table_adds_up_to_the_record(asked: Asked) -> None:
    record, table = await asked("/sessions/s-1"), await asked("/sessions/s-1/cost")
    assert table["total_usd"] == record["cost"]["total_usd"]
    for cut in table["cuts"]:
        known = [Decimal(row["cost_usd"]) for row in cut["rows"] if row["cost_usd"] is not None]
        assert sum(known, Decimal(0)) == Decimal(table["total_usd"] or 0)
    assert sum(row["calls"] for row in table["unpriced"]) == table["unpriced_calls"]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("CARGO TEST", [2, 3, 4]),
        ("größe [X]", [5]),
        ("Port auth.py", [2, 5]),
        ('{"command"', [3]),
        ("the end", [4]),
        (".*", []),
    ],
)
async def test_a_text_is_found_where_it_is_said(asked: Asked, text: str, steps: list[int]) -> None:
    found = await asked("/sessions/s-1/find", text=text)
    assert [step["number"] for step in found["steps"]] == steps
    assert (found["partial"], found["searched"]) == (False, 5)


async def test_a_search_that_finds_enough_goes_on_where_it_stopped(asked: Asked) -> None:
    first = await asked("/sessions/s-1/find", text="cargo test", limit=2)
    assert ([s["number"] for s in first["steps"]], first["next_from"]) == ([2, 3], 4)
    rest = await asked("/sessions/s-1/find", text="cargo test", **{"from": 4})
    assert [s["number"] for s in rest["steps"]] == [4]


async def test_a_search_that_takes_too_long_says_how_far_it_came(
    world: World, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is the server's own: each look at it is ten seconds later."""
    monkeypatch.setattr("quarterdeck.api.find._READ_AT_ONCE", 1)
    parts = cast(Parts, world.app.state.parts)

    def ticks() -> Iterator[int]:
        now_ns = parts.now_ns()
        while True:
            yield now_ns
            now_ns += 10 * S

    from dataclasses import replace

    clock = ticks()
    world.app.state.parts = replace(parts, now_ns=lambda: next(clock))
    found = await asked("/sessions/s-1/find", text="cargo test")
    assert found["partial"] is True
    assert found["next_from"] == found["searched"] + 1
    assert 0 < found["searched"] < 5


CALLS = 90


def long_conversation() -> list[Any]:
    """Each call sends what is new and names the call before it; none repeats the task."""
    agent = raw(1, name="invoke_agent coder", took_ns=900 * S, session__id="s-long",
                gen_ai__operation__name="invoke_agent")  # fmt: skip
    calls = [
        chat(number, 5 * number, gen_ai__input__messages=messages(("user", f"word {number}")),
             **({"quarterdeck__input__base_span_id": span_of(number - 1)} if number > 2 else {}))
        for number in range(2, CALLS + 2)
    ]  # fmt: skip
    return [agent, *calls]


async def test_a_late_call_of_a_long_conversation_saw_its_beginning_and_is_read_in_few_questions(
    world: World, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(world.events, "acme", long_conversation(), now_ns=world.clock())
    questions = 0
    path, headers = "/api/v1/sessions/s-long/steps", bearer(world.key("acme", "read"))
    ask = world.events.rows

    def counted(*args: Any, **named: Any) -> Any:
        nonlocal questions
        questions += 1
        return ask(*args, **named)

    monkeypatch.setattr(world.events, "rows", counted)
    answer = await client.get(f"{path}/{CALLS + 1}", headers=headers)
    assert answer.status_code == 200, answer.text
    saw = answer.json()["saw"]
    assert saw["kept"] + saw["added"] == CALLS
    assert "word 2" in json.dumps(saw["messages"][0])
    assert questions < 20
    first, questions = questions, 0
    answer = await client.get(f"{path}/{CALLS}", headers=headers)
    assert answer.json()["saw"]["kept"] == CALLS - 2
    assert questions < first


async def test_another_project_sees_none_of_it(world: World, client: httpx.AsyncClient) -> None:
    store(world.events, "acme", conversation("s-1", trace=1), now_ns=world.clock())
    twin = Asked(client, bearer(world.key("twin", "read")))
    for view in ("steps/1", "cost", "transcript", "outline", "people", "find?text=found"):
        await twin(f"/sessions/s-1/{view}", status=404)


CAPTURES = ("autogen", "claude_agent_sdk", "crewai_openinference_human", "langfuse3", "mlflow",
            "langsmith", "openai_agents_traceloop", "pydantic_ai")  # fmt: skip


@pytest.mark.parametrize("capture", CAPTURES)
async def test_every_view_of_recorded_sessions_answers_as_declared(
    capture: str, world: World, client: httpx.AsyncClient, shared: Path
) -> None:
    read = Asked(client, bearer(world.key("acme", "read")))
    for session in _stored(world, shared / "captures" / capture):
        name = quote(session.session_id, safe="")
        steps = range(1, min(session.step_count, 12) + 1)
        for number in steps:
            await read(f"/sessions/{name}/steps/{number}")
        transcript = await read(f"/sessions/{name}/transcript", limit=200)
        assert [entry["step"] for entry in transcript["entries"]][:1] == list(steps)[:1]
        for view in ("cost", "outline", "people", "find?text=a"):
            await read(f"/sessions/{name}/{view}")


def _stored(world: World, folder: Path) -> list[Session]:
    project = ProjectId("acme")
    found = []
    for one in replay(recorded_requests(folder)):
        rows = [
            SpanRow(project, span, one.raws[span.trace_id, span.span_id], world.clock())
            for span in one.spans
        ]
        write_spans(world.events, rows, token="")
        write_sessions(world.events, [SessionRow(project, one.session, world.clock())])
        found.append(one.session)
    assert found
    return found
