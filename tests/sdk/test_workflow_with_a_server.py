"""Versions and approvals against a real server: what a session's record then says."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import quarterdeck as qd
from cli.real_server import serving
from quarterdeck.sdk.workflow import loading, resolving
from sdk.receiver import recording, wait_until
from sdk.workflow_made import NAME, Api, files_of, meanwhile, refunds

pytestmark = pytest.mark.real_server

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("workflow") / "data") as address:
        yield Api(address)


@pytest.fixture
def recorded(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(loading, "_resolvers", {})
    # On a machine that runs everything else at once an answer may take longer than an agent waits.
    monkeypatch.setattr(resolving, "AWAY_S", 20.0)
    with recording(api.url, tmp_path / "spool"):
        yield api


def refunding(amount: float) -> float:
    return amount


def looking(key: str) -> str:
    return key


def record(api: Api, session_id: str) -> dict[str, Any]:
    """The session's record once it is closed."""
    assert qd.flush(10)

    def closed() -> Any:
        answer = httpx.get(f"{api.url}/api/v1/sessions/{session_id}", trust_env=False)
        found = answer.json() if answer.status_code == 200 else {}
        return found if found.get("status") == "closed" else None

    found: dict[str, Any] = wait_until(closed, within_s=30, message=(session_id,))
    return found


def released(api: Api, **parts: Any) -> int:
    version = api.push(files_of(**parts))
    api.move("release", version=version)
    return version


def test_a_release_changes_the_next_session_of_a_running_agent_and_not_this_one(
    recorded: Api,
) -> None:
    first = released(recorded, prompt="You are the first.")
    flow = qd.load_workflow(NAME)
    assert (flow.version, flow.arm) == (first, "stable")
    with qd.session("t", id="r-1", task_type="triage", user="u-1"):
        flow = qd.load_workflow(NAME)
        assert flow.instructions("triage") == "You are the first."
        second = released(recorded, prompt="You are the second.")
        assert qd.load_workflow(NAME) is flow
        with qd.agent("triage"), qd.tool("lookup"):
            pass
    with qd.session("t", id="r-2"):
        assert qd.load_workflow(NAME).instructions("triage") == "You are the second."
    with qd.session(id="r-1"):
        assert qd.load_workflow(NAME).version == first
    told = record(recorded, "r-1")["workflow"]
    assert (told["name"], told["version"], told["environment"]) == (NAME, first, "production")
    assert told["digest"] == flow.digest
    assert record(recorded, "r-2")["workflow"]["version"] == second
    spans = recorded.get("/sessions", workflow=NAME, version=first)
    assert "r-1" in [row["session_id"] for row in spans["sessions"]]


def test_a_person_approves_with_other_arguments_and_it_counts_with_its_wait(
    recorded: Api,
) -> None:
    rules = [{"when": "args.amount > 100", "permission": "ask"}]
    released(
        recorded, tools=refunds(rules=rules, ask={"question": "Refund so much?", "timeout_s": 30})
    )
    paid: list[float] = []
    with qd.session("t", id="a-1"):
        flow = qd.load_workflow(NAME)

        @flow.tool(agent="triage")
        def refund(amount: float) -> str:
            paid.append(amount)
            return f"paid {amount}"

        assert refund(50) == "paid 50"
        with meanwhile(lambda: recorded.decide("approve", arguments={"amount": 120})) as asked:
            assert refund(500) == "paid 120"
    assert paid == [50, 120]
    (question,) = asked
    assert (question["tool"], question["agent"]) == ("refund", "triage")
    assert (question["arguments"], question["question"]) == ({"amount": 500}, "Refund so much?")
    assert question["rule"] == "rule 1: args.amount > 100"
    assert (question["session_id"], question["workflow"]) == ("a-1", NAME)
    told = record(recorded, "a-1")
    (act,) = told["interventions"]
    assert (act["kind"], act["decision"], act["by"]) == ("correction", "modified", "ada")
    assert act["tool"] == "refund"
    assert act["waited_s"] > 0
    assert told["tool_calls"] == [{"tool": "refund", "calls": 2, "errors": 0, "denied": 0}]
    assert told["problems"] == []


def test_a_person_may_take_all_arguments_away_or_change_what_was_too_long_to_show(
    recorded: Api,
) -> None:
    tools = {name: {"permission": "ask", "ask": {"timeout_s": 30}} for name in ("lookup", "refund")}
    released(recorded, tools=tools)
    called: list[Any] = []

    def lookup(key: str = "", **more: Any) -> None:
        called.append((key, more))

    text = "a" * 70_000
    with qd.session("t", id="unasked-1"):
        look: Any = qd.load_workflow(NAME).guard(lookup)
        with meanwhile(lambda: recorded.decide("approve", arguments={})):
            look("k")
        many = {f"n{number:02}": number for number in range(50)}

        def change() -> dict[str, Any]:
            asked = dict(recorded.waiting()["arguments"])
            recorded.decide("approve", arguments={**asked, "n00": 7})
            return asked

        with meanwhile(change) as shown:
            look(text, **many)
    assert called == [("", {}), (text, {**many, "n00": 7})]
    (told,) = shown
    assert told["key"].startswith("aaa")
    assert told["key"].endswith("characters more)")
    assert len(told["key"]) < 2_000
    assert told["n01"] == 1


def test_what_a_person_or_a_rule_refuses_is_a_denied_call_and_no_error(recorded: Api) -> None:
    rules = [{"when": "args.amount > 1000", "permission": "deny"}]
    released(recorded, tools=refunds(permission="ask", rules=rules))
    with qd.session("t", id="d-1"):
        refund: Any = qd.load_workflow(NAME).guard(refunding, name="refund")
        with (
            meanwhile(lambda: recorded.decide("reject", reason="a fraud")),
            pytest.raises(qd.ToolDenied, match="ada said no: a fraud") as denied,
        ):
            refund(amount=3)
        with pytest.raises(qd.ToolDenied, match=r"where args\.amount > 1000"):
            refund(amount=3000)
        with (
            meanwhile(lambda: recorded.decide("approve", arguments={"amount": 2000})),
            pytest.raises(qd.ToolDenied, match=r"where args\.amount > 1000"),
        ):
            refund(amount=4)
    assert denied.value.by == "ada"
    told = record(recorded, "d-1")
    assert told["tool_calls"] == [{"tool": "refund", "calls": 3, "errors": 0, "denied": 3}]
    assert [act["kind"] for act in told["interventions"]] == ["rejection", "correction"]
    assert told["error_episodes"] == 0


@pytest.mark.parametrize("default", ["deny", "allow"])
def test_nobodys_answer_is_the_default_and_no_intervention(recorded: Api, default: str) -> None:
    released(recorded, tools=refunds(permission="ask", ask={"timeout_s": 0.3, "default": default}))
    with qd.session("t", id=f"n-{default}"):
        refund: Any = qd.load_workflow(NAME).guard(refunding, name="refund")
        if default == "allow":
            assert refund(amount=3) == 3
        else:
            with pytest.raises(qd.ToolDenied, match="nobody answered in time"):
                refund(amount=3)
    told = record(recorded, f"n-{default}")
    assert told["human_interventions"]["count"] == 0
    assert [act["decision"] for act in told["interventions"]] == ["timeout"]
    (use,) = told["tool_calls"]
    assert (use["calls"], use["denied"]) == (1, int(default == "deny"))
    (asked,) = recorded.get("/approvals", session_id=f"n-{default}")["approvals"]
    assert asked["state"] == "expired"


def test_an_async_tool_waits_beside_the_loop_and_a_cancelled_one_takes_its_question_back(
    recorded: Api,
) -> None:
    released(recorded, tools=refunds(permission="ask"))

    async def both() -> float:
        refund = qd.load_workflow(NAME).guard(paying, name="refund")
        waiting = asyncio.create_task(refund(amount=1))
        asked = await asyncio.to_thread(recorded.waiting)
        assert asked["arguments"] == {"amount": 1}
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        assert waiting.cancelled()
        paid = asyncio.create_task(refund(amount=2))
        await asyncio.to_thread(recorded.decide, "approve")
        return await paid

    async def paying(amount: float) -> float:
        return amount

    with qd.session("t", id="c-1"):
        began = time.monotonic()
        assert asyncio.run(both()) == 2
        assert time.monotonic() - began < 15, "it waited for a poll of 20 s to end"
    found = recorded.get("/approvals", session_id="c-1")["approvals"]
    assert [one["state"] for one in found] == ["approved", "cancelled"]
    told = record(recorded, "c-1")
    assert told["human_interventions"]["count"] == 1
    assert told["human_interventions"]["pending"] == 0


def test_an_escalation_is_asked_once_in_a_session_and_may_stop_it(recorded: Api) -> None:
    rule = {
        "when": "session.tool_calls >= 1",
        "question": "Still fine?",
        "default": "stop",
        "timeout_s": 30,
    }
    released(recorded, escalation=[rule])
    with qd.session("t", id="e-1"):
        flow = qd.load_workflow(NAME)
        lookup: Any = flow.guard(looking, name="lookup")
        assert flow.escalate() is False
        assert lookup(key="a") == "a"
        with meanwhile(lambda: recorded.decide("approve")) as asked:
            assert lookup(key="b") == "b"
        assert asked[0]["question"] == "Still fine?"
        assert lookup(key="c") == "c"
        assert flow.escalate() is False
    with qd.session("t", id="e-2"):
        flow = qd.load_workflow(NAME)
        lookup = flow.guard(looking, name="lookup")
        lookup(key="a")
        with (
            meanwhile(lambda: recorded.decide("reject")),
            pytest.raises(qd.ToolDenied, match="The session stops here: ada said no"),
        ):
            flow.escalate()


def test_a_budget_that_asks_goes_on_where_a_person_lets_it(recorded: Api) -> None:
    released(recorded, budgets={"session": {"tool_calls": 1, "on_exceeded": "ask"}})
    with qd.session("t", id="b-1"):
        lookup: Any = qd.load_workflow(NAME).guard(looking, name="lookup")
        lookup(key="a")
        with meanwhile(lambda: recorded.decide("approve")) as asked:
            assert lookup(key="b") == "b"
        assert asked[0]["rule"] == "budget: tool_calls 1"
        assert lookup(key="c") == "c"
    with qd.session("t", id="b-2"):
        lookup = qd.load_workflow(NAME).guard(looking, name="lookup")
        lookup(key="a")
        with (
            meanwhile(lambda: recorded.decide("reject")),
            pytest.raises(qd.BudgetExceeded),
        ):
            lookup(key="b")


def test_ctrl_c_while_a_person_is_asked_takes_the_question_back(
    recorded: Api, tmp_path: Path
) -> None:
    released(recorded, tools=refunds(permission="ask"))
    program = f"""
import sys, quarterdeck as qd
qd.init(url=sys.argv[1], spool_dir=sys.argv[2], instrument=False)
with qd.session("t", id="k-1"):
    qd.load_workflow({NAME!r}).guard(lambda amount: amount, name="refund")(amount=1)
"""
    command = [sys.executable, "-c", program, recorded.url, str(tmp_path / "spool")]
    agent = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        recorded.waiting(within_s=20)
        agent.send_signal(signal.SIGINT)
        _, said = agent.communicate(timeout=20)
    finally:
        agent.kill()
        agent.wait()
    assert b"KeyboardInterrupt" in said
    (one,) = recorded.get("/approvals", session_id="k-1")["approvals"]
    assert one["state"] == "cancelled"


def folder(path: Path) -> dict[str, bytes]:
    found = (file for file in path.rglob("*") if file.is_file())
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in found}


@pytest.fixture(scope="module")
def refunds_version(api: Api) -> int:
    """The example's workflow, released."""
    version = api.push(folder(REPOSITORY / "examples/workflow_release/workflow"), name="refunds")
    api.move("release", version=version, name="refunds")
    return version


def test_the_example_agent_runs_the_released_version_and_waits_for_a_person(
    api: Api, refunds_version: int, tmp_path: Path
) -> None:
    example = REPOSITORY / "examples" / "workflow_release"
    model = str(REPOSITORY / "examples" / "scripted_model")
    agent = subprocess.Popen(
        [sys.executable, model, sys.executable, str(example / "agent.py")],
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "QUARTERDECK_URL": api.url,
            "QUARTERDECK_SPOOL_DIR": str(tmp_path / "spool"),
        },
    )
    try:
        asked = api.waiting(within_s=30)
        api.decide("approve")
        printed, _ = agent.communicate(timeout=30)
    finally:
        agent.kill()
        agent.wait()
    assert (asked["tool"], asked["question"]) == ("refund", "Give this money back?")
    assert f"version {refunds_version}:" in printed
    told = record(api, printed.split()[0])
    assert (told["workflow"]["name"], told["workflow"]["version"]) == ("refunds", refunds_version)
    assert told["outcome"]["label"] == "success"
    assert [(use["tool"], use["calls"], use["errors"]) for use in told["tool_calls"]] == [
        ("find_order", 2, 1),
        ("refund", 1, 0),
    ]
    assert (told["error_episodes"], told["recovered"]) == (1, 1)
    assert [act["kind"] for act in told["interventions"]] == ["approval"]


def test_the_page_about_versions_runs_from_its_first_line_to_its_last(
    api: Api, refunds_version: int, tmp_path: Path
) -> None:
    assert refunds_version > 0
    page = (REPOSITORY / "docs" / "how-to" / "run-an-agent-from-a-version.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 4
    (tmp_path / "page.py").write_text("\n\n".join(blocks))
    with meanwhile(lambda: api.decide("approve")):
        done = subprocess.run(
            [sys.executable, "page.py"], capture_output=True, text=True, timeout=60, check=False,
            cwd=tmp_path,
            env={
                **os.environ,
                "QUARTERDECK_URL": api.url,
                "QUARTERDECK_SPOOL_DIR": str(tmp_path / "spool"),
            },
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "refund was not called" in done.stdout
    assert "errors={}" in done.stdout
