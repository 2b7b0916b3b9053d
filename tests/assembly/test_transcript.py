"""A session as it is read: golden pairs of spans with content, and the entries that they give."""

from collections.abc import Mapping
from typing import Any

from assembly.made import agent, model, session, span, tool
from quarterdeck.assembly.acts import ReadStep, call_of, shown_act
from quarterdeck.assembly.finding import hits_in
from quarterdeck.assembly.standing import Standing
from quarterdeck.assembly.steps import steps_of
from quarterdeck.assembly.transcript import Entry, entries, page_of, ran_of
from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.messages import (
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from quarterdeck.model.spans import Content, Span


def said(role: str, *parts: str | Part) -> Message:
    return Message(
        role=role,
        parts=tuple(TextPart(content=one) if isinstance(one, str) else one for one in parts),
    )


def call(name: str, call_id: str = "", **arguments: Any) -> ToolCallPart:
    return ToolCallPart(name=name, id=call_id, arguments=arguments)


def read(
    spans: list[Span], contents: Mapping[str, Content]
) -> tuple[Standing, dict[int, ReadStep]]:
    standing = Standing(session(*spans), steps_of(spans))
    by_id = {one.span_id: one for one in spans}
    told = {
        step.number: ReadStep(by_id[step.span_id], contents.get(step.span_id, Content()))
        for step in standing.steps
    }
    return standing, told


def told(
    spans: list[Span], contents: Mapping[str, Content], *, first: int = 1, limit: int = 200
) -> list[Entry]:
    standing, steps = read(spans, contents)
    page = page_of(standing, first=first, limit=limit)
    acts: dict[int, list[Any]] = {}
    facts = {(s.trace_id, s.span_id): s for s in spans}
    for act in standing.session.interventions:
        shown = shown_act(standing, act, call_of(standing, act, facts), steps)
        acts.setdefault(shown.step or 0, []).append(shown)
    needed = {number: steps[number] for number in page.needed()}
    return entries(standing, page, read=needed, ran=ran_of(spans), acts=acts)


def lines(found: list[Entry]) -> list[str]:
    """Step, indent by depth, kind, name, text or fields, status."""
    return [
        " ".join(
            word
            for word in (
                f"{e.step}{'.' * e.depth}",
                e.kind,
                e.name or "-",
                repr(e.text.text) if e.text is not None else "",
                ",".join(f"{f.name}={f.value.text}" for f in e.fields or ()),
                e.status if e.kind in ("tool", "model_failed") and e.status else "",
                f"x{len(e.attempts)}" if e.attempts else "",
            )
            if word
        )
        for e in found
    ]


SPANS = [
    agent("a", 0, 100, "planner"),
    model("m1", 1, 2, parent="a", asks=(("bash", "c1"), ("ask_coder", "c2"))),
    tool("t1", 3, 4, "bash", parent="a", tool_call_id="c1", status="error",
         error_message="boom", target="/x"),
    tool("t2", 5, 30, "ask_coder", parent="a", tool_call_id="c2"),
    agent("b", 6, 29, "coder", parent="t2"),
    model("m2", 7, 8, parent="b"),
    model("m3", 31, 32, parent="a"),
]  # fmt: skip
CONTENTS = {
    "a": Content(input="Port auth.py"),
    "m1": Content(
        instructions=(said("system", "be brief"),),
        input_messages=(said("user", "Port auth.py"),),
        output_messages=(
            said(
                "assistant", ReasoningPart(content="tests first"), "I run the tests.",
                call("bash", "c1", command="cargo test"), call("ask_coder", "c2", task="port"),
            ),
        ),
    ),
    "t1": Content(input={"command": "cargo test"}, output="boom"),
    "t2": Content(input={"task": "port"}, output="ported"),
    "b": Content(input_messages=(said("user", "port"),), output="ported"),
    "m2": Content(
        input_messages=(said("user", "port"),), output_messages=(said("assistant", "ported"),)
    ),
    "m3": Content(
        input_messages=(
            said("user", "Port auth.py"), said("assistant", "I run the tests."),
            said("tool", "boom"), said("user", "And the docs?"),
        ),
        output_messages=(said("assistant", "All done."),),
    ),
}  # fmt: skip


def test_thoughts_stand_above_the_calls_they_led_to_and_agents_around_what_they_did() -> None:
    assert lines(told(SPANS, CONTENTS)) == [
        "1 agent_begins planner 'Port auth.py'",
        "2. thought gpt-4o 'tests first'",
        "2. said gpt-4o 'I run the tests.'",
        "3. tool bash 'boom' command=cargo test error",
        "3. episode_opened tool:bash",
        "4. tool ask_coder 'ported' task=port unset",
        "5. agent_begins coder 'port'",
        "5. handoff coder",
        "6.. said gpt-4o 'ported'",
        "6. agent_ends coder 'ported'",
        "7. asked user 'And the docs?'",
        "7. said gpt-4o 'All done.'",
        "7 agent_ends planner",
    ]


def test_pages_make_up_the_whole() -> None:
    whole = lines(told(SPANS, CONTENTS))
    paged = [
        line
        for first in range(1, 8, 2)
        for line in lines(told(SPANS, CONTENTS, first=first, limit=2))
    ]
    assert paged == whole


def test_an_agent_that_begins_says_where_it_ends_and_the_end_where_it_began() -> None:
    found = told(SPANS, CONTENTS)
    begins = next(e for e in found if e.kind == "agent_begins" and e.name == "coder")
    ends = next(e for e in found if e.kind == "agent_ends" and e.name == "coder")
    assert (begins.ends_at_step, ends.began_at_step) == (6, 5)


def test_a_call_that_nothing_ran_is_told_as_the_models_wish() -> None:
    spans = [
        model("m1", 1, 2, asks=(("bash", "c1"), ("deploy", "c2"))),
        tool("t1", 3, 4, "bash", tool_call_id="c1"),
    ]
    contents = {
        "m1": Content(
            output_messages=(
                said("assistant", call("bash", "c1"), call("deploy", "c2", to="prod")),
            )
        )
    }
    assert lines(told(spans, contents)) == ["1 tool deploy to=prod", "2 tool bash unset"]


def test_attempts_with_nothing_between_are_one_entry_and_others_are_not() -> None:
    failed: dict[str, Any] = {
        "parent": "a", "status": "error", "error_message": "429", "arguments_hash": "h",
    }  # fmt: skip
    spans = [
        agent("a", 0, 100, "coder"),
        tool("t1", 1, 2, "fetch", **failed),
        tool("t2", 3, 4, "fetch", **failed),
        tool("t3", 5, 6, "fetch", parent="a", arguments_hash="h"),
    ]
    contents = {"t1": Content(input={"url": "x"}), "t3": Content(output="page")}
    # The episode's failures are shown where they happened, in one place each.
    shown = [line for line in lines(told(spans, contents)) if " tool " in line]
    assert shown == ["4. tool fetch 'page' url=x unset x3"]
    spoken = [*spans[:2], model("m", 2.2, 2.8, parent="a"), *spans[2:]]
    again = [line for line in lines(told(spoken, contents)) if " tool " in line]
    assert again == ["2. tool fetch url=x error", "5. tool fetch 'page' unset x2"]


def test_a_failed_model_call_says_why_and_has_no_words() -> None:
    spans = [model("m", 1, 2, status="error", error_message="429 slow down")]
    found = told(spans, {"m": Content(input_messages=(said("user", "hi"),))})
    assert [entry.kind for entry in found] == ["asked", "model_failed", "episode_opened"]
    assert found[1].error == "429 slow down"


def test_what_one_agent_said_is_not_asked_again_of_each_other() -> None:
    spans = [
        agent("a", 0, 9, "ana"), model("m1", 1, 2, parent="a"),
        agent("b", 10, 19, "bob"), model("m2", 11, 12, parent="b"),
        model("m3", 20, 21, parent="b"),
    ]  # fmt: skip
    contents = {
        "m1": Content(
            input_messages=(said("user", "go"),), output_messages=(said("assistant", "I say A"),)
        ),
        "m2": Content(input_messages=(said("user", "go"), said("user", "I say A"))),
        "m3": Content(input_messages=(said("assistant", "x"), said("user", "more"))),
    }
    asked = [e.text.text for e in told(spans, contents) if e.kind == "asked" and e.text]
    assert asked == ["go", "more"]


# -- people ----------------------------------------------------------------------------------------


def corrected() -> tuple[list[Span], dict[str, Content]]:
    spans = [
        agent("a", 0, 100, "coder"),
        model("m", 1, 2, parent="a", asks=(("bash", "c1"),)),
        span("h", 3, 60, parent="a", kind="human", name="approve",
             human=HumanAct(asked="approval", decision="modified", by="ana", call_id="c1",
                            tool="bash", question="Run it?")),
        tool("t", 61, 62, "bash", parent="a", tool_call_id="c1"),
        model("m2", 63, 64, parent="a"),
    ]  # fmt: skip
    contents = {
        "m": Content(
            output_messages=(said("assistant", call("bash", "c1", command="cargo test", n=1)),)
        ),
        "t": Content(input={"command": "cargo test --lib auth", "n": 1}, output="ok"),
    }
    return spans, contents


def test_a_correction_shows_the_arguments_before_and_after() -> None:
    spans, contents = corrected()
    act = next(e.act for e in told(spans, contents) if e.act is not None)
    assert (act.kind, act.by, act.step, act.next_step) == ("correction", "ana", 3, 4)
    assert [(f.name, f.value.text) for f in act.wanted or ()] == [
        ("command", "cargo test"), ("n", "1"),
    ]  # fmt: skip
    assert [
        (c.name, c.before.text if c.before else None, c.after.text if c.after else None)
        for c in act.changes
    ] == [("command", "cargo test", "cargo test --lib auth")]


def test_a_persons_act_stands_before_what_it_allowed_and_once() -> None:
    kinds = [(e.step, e.kind) for e in told(*corrected())]
    assert kinds.count((3, "person")) == 1
    assert kinds.index((3, "person")) < kinds.index((4, "tool"))


# -- finding ---------------------------------------------------------------------------------------


def test_a_text_is_found_in_any_case_and_what_is_repeated_is_told_apart() -> None:
    standing, steps = read(SPANS, CONTENTS)
    first = hits_in(standing.step(2), steps[2], "PORT AUTH.py")
    later = hits_in(standing.step(7), steps[7], "port auth.py")
    assert first is not None
    assert later is not None
    assert (first.total, first.repeated) == (1, False)
    assert (later.total, later.repeated) == (1, True)
    snippet = first.snippets[0]
    assert snippet.text[snippet.hit_at :][: snippet.hit_length] == "Port auth.py"


def test_dots_and_brackets_are_letters() -> None:
    standing, steps = read(SPANS, CONTENTS)
    assert hits_in(standing.step(2), steps[2], "auth.p.") is None
    assert hits_in(standing.step(3), steps[3], "[") is None
