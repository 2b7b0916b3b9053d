"""What a version lets through, from a folder: without a server that decides anything."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import quarterdeck as qd
from quarterdeck.errors import Invalid, NotFound
from quarterdeck.sdk.workflow import asking
from quarterdeck.sdk.workflow.workflow import Workflow
from sdk.receiver import Received, Receiver, receiving, recording
from sdk.workflow_made import files_of, refunds, written


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving() as made, recording(made.url, tmp_path / "spool"):
        yield made


def loaded(tmp_path: Path, **parts: Any) -> Workflow:
    return qd.load_workflow(path=written(tmp_path / "folder", files_of(**parts)))


class Tool:
    """Notes its calls."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def lookup(self, key: str) -> None:
        self.calls.append(key)

    def refund(self, amount: float) -> None:
        self.calls.append(amount)


def echo(key: Any) -> Any:
    return key


def calls(receiver: Receiver, tool: str) -> list[Received]:
    assert qd.flush()
    return [span for span in receiver.spans() if span.name == f"execute_tool {tool}"]


def test_a_version_says_who_its_agents_are_and_what_they_are_offered(tmp_path: Path) -> None:
    flow = loaded(tmp_path, tools=refunds(permission="deny"))
    agent = flow.agent("triage")
    assert (flow.name, flow.version, flow.source) == ("fraud-triage", 0, "folder")
    assert flow.environment == "production"
    assert (agent.role, agent.instructions, agent.model) == ("triager", "You triage.", "fast")
    assert flow.agents == ("triage", "reader")
    (tool,) = flow.tools("triage")
    assert (tool.name, tool.description, tool.permission) == ("lookup", "The lookup tool.", "allow")
    assert tool.parameters["required"] == ["key"]
    with pytest.raises(NotFound, match="no agent 'nobody'"):
        flow.agent("nobody")
    with pytest.raises(NotFound, match="no tool 'nothing'"):
        flow.tool_definition("nothing")


def test_a_folder_with_an_error_is_refused_with_the_place(tmp_path: Path) -> None:
    files = files_of(tools={"lookup": {}, "refund": {"permision": "deny"}})
    with pytest.raises(Invalid, match=r"workflow\.yaml:\d+:\d+: .*permision"):
        qd.load_workflow(path=written(tmp_path, files))
    with pytest.raises(Invalid, match="has the workflow 'fraud-triage', not 'other'"):
        qd.load_workflow("other", path=written(tmp_path / "b", files_of()))
    with pytest.raises(NotFound):
        qd.load_workflow(path=tmp_path / "nowhere")
    with pytest.raises(Invalid, match="needs a name"):
        qd.load_workflow()


def test_an_allowed_call_is_the_span_of_a_tool_with_the_decision(
    receiver: Receiver, tmp_path: Path
) -> None:
    rules = [{"when": "args.amount < 10", "permission": "allow"}]
    with qd.session("t", id="s-1"):
        flow = loaded(tmp_path, tools=refunds(permission="deny", rules=rules))

        @flow.tool(agent="triage")
        def refund(amount: float) -> str:
            return f"refunded {amount}"

        assert refund(5) == "refunded 5"
    (span,) = calls(receiver, "refund")
    assert span.attributes["quarterdeck.permission"] == "allow"
    assert span.attributes["quarterdeck.permission.rule"] == "rule 1: args.amount < 10"
    assert span.attributes["gen_ai.tool.call.arguments"] == '{"amount":5}'
    assert span.attributes["gen_ai.tool.call.result"] == "refunded 5"
    assert span.attributes["quarterdeck.workflow.digest"] == flow.digest


def test_a_denied_call_raises_is_not_made_and_is_told(receiver: Receiver, tmp_path: Path) -> None:
    tool = Tool()
    flow = loaded(tmp_path, tools=refunds(permission="deny"))
    with qd.session("t", id="s-1"):
        refund = flow.guard(tool.refund, name="refund")
        with pytest.raises(qd.ToolDenied, match="deny is what holds for 'refund'") as denied:
            refund(3.0)
        spoken = flow.guard(tool.refund, name="refund", refused="text")
        assert "refund was not called" in str(spoken(4.0))
        with pytest.raises(qd.ToolDenied, match="is not offered"):
            flow.guard(tool.refund, name="refund", agent="reader")(3.0)
        with pytest.raises(qd.ToolDenied, match="no tool 'unknown'"):
            flow.guard(tool.refund, name="unknown")(3.0)
    assert tool.calls == []
    assert (denied.value.tool, denied.value.code) == ("refund", "tool_denied")
    told = calls(receiver, "refund")
    assert [span.attributes["quarterdeck.status"] for span in told] == ["blocked"] * 3
    assert {span.attributes["quarterdeck.permission"] for span in told} == {"deny"}
    assert {span.status for span in told} == {0}


def test_arguments_that_do_not_fit_give_the_model_a_text_and_no_call(
    receiver: Receiver, tmp_path: Path
) -> None:
    made: list[Any] = []

    def note(amount: Any) -> None:
        made.append(amount)

    rules = [{"when": "args.amount > 10", "permission": "deny"}]
    flow = loaded(tmp_path, tools=refunds(rules=rules))
    with qd.session("t"):
        refund: Any = flow.guard(note, name="refund")
        said = refund("a lot")
    assert said == (
        "refund was not called: its arguments do not fit its schema. "
        "amount: 'a lot' is not of type 'number'. Correct them and call it again."
    )
    assert made == []
    (span,) = calls(receiver, "refund")
    assert span.attributes["error.type"] == "invalid_arguments"
    assert span.attributes["quarterdeck.status"] == "error"


def test_arguments_that_the_function_does_not_take_are_told_like_any_that_do_not_fit(
    receiver: Receiver, tmp_path: Path
) -> None:
    flow = loaded(tmp_path)
    with qd.session("t"):
        refund: Any = flow.guard(Tool().refund, name="refund")
        assert refund() == (
            "refund was not called: its arguments do not fit its schema. "
            "arguments: 'amount' is a required property. Correct them and call it again."
        )
        assert "'to' was unexpected" in refund(amount=3, to="me")
        readers: Any = flow.guard(Tool().refund, name="refund", agent="reader")
        with pytest.raises(qd.ToolDenied, match="is not offered"):
            readers(to="me")
    assert [span.attributes["quarterdeck.status"] for span in calls(receiver, "refund")] == [
        "error", "error", "blocked",
    ]  # fmt: skip


def test_what_only_the_function_does_not_take_is_a_text_where_refusals_are(tmp_path: Path) -> None:
    flow = loaded(tmp_path)

    def look_up() -> None:
        raise AssertionError("nobody may")

    look: Any = flow.guard(look_up, name="lookup")
    with pytest.raises(TypeError, match="unexpected keyword argument 'key'"):
        look(key="k")
    spoken: Any = flow.guard(look_up, name="lookup", refused="text")
    assert "unexpected keyword argument 'key'" in spoken(key="k")
    with pytest.raises(TypeError, match="too many positional"):
        spoken("k")


def test_no_argument_can_stand_before_another_of_its_name(tmp_path: Path) -> None:
    rules = [{"when": "args.amount > 100", "permission": "deny"}]
    flow = loaded(tmp_path, tools=refunds(rules=rules))

    def refund(amount: float, /, **more: float) -> None:
        raise AssertionError(f"{amount} was refunded as {more}")

    with pytest.raises(TypeError, match="'amount'"):
        flow.guard(refund)(1000, amount=1)


def test_what_was_cut_and_hidden_from_a_person_is_the_agents_own_again() -> None:
    given = {"head": {"key": "k-1", "body": "a" * 3000}, "to": "ada"}
    shown = asking.shortened(given)
    # The server hides secrets in what it shows, so it is not what was sent.
    back = {"head": "[redacted:api_key] and more", "to": "bob"}
    assert asking.lengthened(back, shown, given) == {**given, "to": "bob"}


def test_what_a_framework_adds_to_a_call_is_no_argument_of_the_models(tmp_path: Path) -> None:
    class Context:
        pass

    class Desk:
        def refund(self, context: Context, amount: float, note: str = "") -> tuple[Any, ...]:
            return type(self).__name__, type(context).__name__, amount, note

    flow = loaded(tmp_path, tools=refunds(rules=[{"when": "size(args) > 1", "permission": "deny"}]))
    refund: Any = flow.guard(Desk.refund)
    assert refund(Desk(), Context(), amount=2.5) == ("Desk", "Context", 2.5, "")
    assert refund(Desk(), Context(), 2.5) == ("Desk", "Context", 2.5, "")


def test_what_is_guarded_stays_of_its_kind(receiver: Receiver, tmp_path: Path) -> None:
    flow = loaded(tmp_path)
    with qd.session("t"):

        @flow.tool("lookup")
        async def found(key: str) -> str:
            """Look it up."""
            await asyncio.sleep(0)
            return f"found {key}"

        @flow.tool("lookup")
        def each(key: str) -> Iterator[str]:
            yield from ("a", key)

        @flow.tool("lookup")
        async def parts(key: str) -> AsyncIterator[str]:
            for part in ("b", key):
                yield part

        class Desk:
            @flow.tool("lookup")
            @staticmethod
            def static(key: str) -> str:
                return key

            @flow.tool("lookup")
            @classmethod
            def of_class(cls, key: str) -> str:
                return cls.__name__ + key

        async def collected() -> list[str]:
            return [part async for part in parts("1")]

        assert asyncio.run(found("1")) == "found 1"
        assert asyncio.iscoroutinefunction(found)
        assert (found.__name__, found.__doc__) == ("found", "Look it up.")
        assert list(each("1")) == ["a", "1"]
        assert asyncio.run(collected()) == ["b", "1"]
        assert (Desk.static("1"), Desk.of_class("1")) == ("1", "Desk1")
    results = [span.attributes["gen_ai.tool.call.result"] for span in calls(receiver, "lookup")]
    assert results == ["found 1", "a1", "b1", "1", "Desk1"]
    with pytest.raises(Invalid, match="takes a function"):
        flow.guard(3)  # type: ignore[arg-type]


def test_an_exception_of_the_tool_passes_through_and_is_tried_as_often_as_it_says(
    receiver: Receiver, tmp_path: Path
) -> None:
    made: list[str] = []
    flow = loaded(tmp_path, tools={"lookup": {"schema": "tools/lookup.json", "retries": 2}},
                  agents={"a": {"tools": ["lookup"]}})  # fmt: skip

    @flow.tool
    def lookup(key: str) -> str:
        made.append(key)
        if len(made) < 3 or key == "never":
            raise KeyError(key)
        return "there"

    with qd.session("t"):
        assert lookup("x") == "there"
        with pytest.raises(KeyError, match="never"):
            lookup("never")
    assert made == ["x"] * 3 + ["never"] * 3
    spans = calls(receiver, "lookup")
    assert [span.attributes.get("quarterdeck.attempt") for span in spans] == [None, 2, 3] * 2


def test_an_async_tool_has_its_time(tmp_path: Path) -> None:
    flow = loaded(tmp_path, tools=refunds(timeout_s=0.01))

    @flow.tool
    async def refund(amount: float) -> None:
        await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        asyncio.run(refund(1))


def test_a_budget_of_tool_calls_holds_also_for_calls_at_once(
    receiver: Receiver, tmp_path: Path
) -> None:
    tool = Tool()
    with qd.session("t"):
        flow = loaded(tmp_path, budgets={"session": {"tool_calls": 5}})
        lookup = qd.bind(flow.guard(tool.lookup))
        refused: list[Exception] = []

        def work() -> None:
            for _ in range(5):
                try:
                    lookup("x")
                except qd.BudgetExceeded as error:
                    refused.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(tool.calls) == 5
        assert len(refused) == 15
        assert flow.budgets.left("tool_calls") == 0
        assert flow.budgets.left("tokens") is None
        assert "tool_calls 5, and 5 are spent" in str(refused[0])
    with qd.session("another"):
        loaded(tmp_path)
        lookup_again = flow.guard(tool.lookup)
        lookup_again("y")
    assert tool.calls[-1] == "y"
    assert len(calls(receiver, "lookup")) == 21


def test_a_budget_that_only_warns_goes_on_and_is_told_on_the_session(
    receiver: Receiver, tmp_path: Path
) -> None:
    with qd.session("t"):
        flow = loaded(tmp_path, budgets={"session": {"tool_calls": 1, "on_exceeded": "warn"}})
        lookup: Any = flow.guard(echo, name="lookup")
        assert [lookup("a"), lookup("b"), lookup("c")] == ["a", "b", "c"]
    assert qd.flush()
    assert receiver.span("session").attributes["quarterdeck.budget.exceeded"] == "tool_calls"


def chat(tokens: int, *, model: str = "gpt-4o", provider: str = "openai") -> None:
    with qd.model_call(model, provider=provider) as call:
        call.usage(input_tokens=tokens, output_tokens=0)


def test_model_calls_tokens_and_cost_are_read_from_the_spans_of_the_session(
    receiver: Receiver, tmp_path: Path
) -> None:
    with qd.session("t"):
        flow = loaded(tmp_path, budgets={"session": {"tokens": 2500, "model_calls": 9}})
        assert flow.model("fast").model == "m-1"
        with qd.agent("triage"):
            chat(1000)
            chat(1000)
        with qd.session("another, inside"):
            chat(99_000)
        spent = flow.budgets.spent
        assert spent is not None
        assert (spent.model_calls, spent.tokens) == (2, 2000)
        assert spent.usd == Decimal("0.005")
        assert flow.model("fast").model == "m-1"
        chat(600, model="nobody-knows-this", provider="nobody")
        again = flow.budgets.spent
        assert again is not None
        assert again.unpriced_calls == 1
        with pytest.raises(qd.BudgetExceeded, match="tokens 2500, and 2600 are spent"):
            flow.model("fast")


def test_one_call_that_two_libraries_tell_of_counts_once(
    receiver: Receiver, tmp_path: Path
) -> None:
    with qd.session("t"):
        flow = loaded(tmp_path)
        with qd.model_call("gpt-4o", provider="openai") as outer:
            with qd.step("a wrapper"):
                chat(1000)
            outer.usage(input_tokens=1000, output_tokens=0)
        spent = flow.budgets.spent
    assert spent is not None
    assert (spent.model_calls, spent.tokens) == (1, 1000)


def test_outside_a_session_permissions_hold_and_budgets_do_not(tmp_path: Path) -> None:
    flow = loaded(
        tmp_path, budgets={"session": {"tool_calls": 0}}, tools=refunds(permission="deny")
    )
    lookup: Any = flow.guard(echo, name="lookup")
    assert lookup("x") == "x"
    with pytest.raises(qd.ToolDenied):
        flow.guard(echo, name="refund")(1)
    assert flow.budgets.spent is None


class RefusedError(Exception):
    def __init__(self, status_code: int) -> None:
        super().__init__(f"status {status_code}")
        self.status_code = status_code


ROUTES: dict[str, Any] = {
    "fast": {
        "targets": [
            {"model": "m-1", "provider": "p", "retries": 1},
            {"model": "m-2", "provider": "p", "when": "request.complexity > 0.5"},
            {"model": "m-3", "provider": "q", "parameters": {"temperature": 0.1}},
        ]
    }
}


def test_a_model_call_follows_its_route_and_says_what_failed_before(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.sdk.workflow.running.FIRST_PAUSE_S", 0.01)
    tried: list[str] = []

    def call(choice: Any) -> str:
        tried.append(choice.model)
        with qd.model_call(choice.model, provider=choice.provider):
            if choice.model == "m-1":
                raise RefusedError(503)
            return f"from {choice.model}"

    with qd.session("t"):
        flow = loaded(tmp_path, models=ROUTES)
        assert flow.run("fast", call, complexity=0.1) == "from m-3"
        assert tried == ["m-1", "m-1", "m-3"]
        choice = flow.model("fast", complexity=0.9)
        assert [one.model for one in choice.fallbacks] == ["m-2", "m-3"]
        second = flow.fallback(choice, "overloaded")
        assert second is not None
        assert (second.model, second.tries) == ("m-1", 2)
        third = flow.fallback(second, "overloaded")
        assert third is not None
        assert (third.model, third.fallback_from) == ("m-2", "m-1")
        assert flow.fallback(choice, "content_filter") is None
    assert qd.flush()
    spans = [span for span in receiver.spans() if span.name.startswith("chat")]
    attempts = [span.attributes.get("quarterdeck.attempt") for span in spans]
    assert attempts == [None, 2, 3]
    assert [span.attributes.get("quarterdeck.fallback_from") for span in spans] == [
        None, None, "m-1",
    ]  # fmt: skip


def test_an_error_of_the_program_is_no_reason_to_ask_another_model(tmp_path: Path) -> None:
    flow = loaded(tmp_path, models=ROUTES)
    tried: list[str] = []

    def call(choice: Any) -> None:
        tried.append(choice.model)
        raise ZeroDivisionError

    async def slow(choice: Any) -> None:
        tried.append(choice.model)
        await asyncio.sleep(60)

    with pytest.raises(ZeroDivisionError):
        flow.run("fast", call)
    assert tried == ["m-1"]
    quick = {"fast": {"targets": [{"model": "m-9", "timeout_s": 0.01, "retries": 0}]}}
    timed = loaded(tmp_path / "quick", models=quick)
    with pytest.raises(TimeoutError):
        asyncio.run(timed.run_async("fast", slow))
    assert tried == ["m-1", "m-9"]


def test_a_session_keeps_its_version_and_functions_guarded_before_follow_it(
    receiver: Receiver, tmp_path: Path
) -> None:
    open_one = loaded(tmp_path / "1")
    lookup: Any = open_one.guard(echo, name="lookup")
    closed = written(tmp_path / "2", files_of(tools={"lookup": {"permission": "deny"}},
                                              agents={"a": {"tools": ["lookup"]}}))  # fmt: skip
    with qd.session("t"):
        first = qd.load_workflow(path=closed)
        assert qd.load_workflow("fraud-triage", path=tmp_path / "nowhere") is first
        with pytest.raises(qd.ToolDenied):
            lookup("x")
    assert lookup("x") == "x"
