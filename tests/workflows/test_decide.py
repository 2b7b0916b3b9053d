"""What a manifest says of a tool call; above all: nothing a model writes opens a closed one."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.workflows.decide import (
    Decision,
    conditions_in,
    offered_to,
    permission_of,
    raised_by,
)
from quarterdeck.workflows.manifest import Manifest

STRICTNESS = {"allow": 0, "ask": 1, "deny": 2}
PERMISSIONS = ("allow", "ask", "deny")


def manifest(**parts: Any) -> Manifest:
    whole = {"name": "w", "agents": {"a": {"tools": ["t"]}}, "tools": {"t": {}}, **parts}
    return msgspec.convert(whole, Manifest)


def ruled(permission: str, *rules: tuple[str, str]) -> Manifest:
    said = [{"when": when, "permission": then} for when, then in rules]
    return manifest(tools={"t": {"permission": permission, "rules": said}})


def decided(
    of: Manifest, tool: str = "t", *, agent: str = "a", server: str = "", **variables: Any
) -> Decision:
    return permission_of(of, tool, agent=agent, server=server, variables=variables)


def test_a_tool_that_is_not_named_or_not_offered_is_denied() -> None:
    known = manifest(
        agents={"a": {"tools": ["t"]}, "b": {}}, tools={"t": {}, "unused": {}},
    )  # fmt: skip
    assert decided(known).permission == "allow"
    assert decided(known, agent="").permission == "allow"
    assert decided(known, agent="b").why == "agent 'b' is not offered the tool 't'"
    assert decided(known, agent="c").why == "the workflow has no agent 'c'"
    assert decided(known, "other").why == "the workflow has no tool 'other'"
    assert decided(known, "unused", agent="").why == "no agent is offered the tool 'unused'"
    for agent, tool in (("b", "t"), ("c", "t"), ("a", "other"), ("a", "unused"), ("", "unused")):
        assert decided(known, tool, agent=agent).permission == "deny"
    assert offered_to(known, "a") == offered_to(known, "") == ("t",)
    assert offered_to(known, "b") == offered_to(known, "c") == ()


def test_the_first_rule_that_holds_decides_and_is_named() -> None:
    rules = ruled("allow", ("args.n > 100", "deny"), ("args.n > 10", "ask"), ("true", "deny"))
    assert decided(rules, args={"n": 200}).rule == "rule 1: args.n > 100"
    asked = decided(rules, args={"n": 20})
    assert (asked.permission, asked.rule) == ("ask", "rule 2: args.n > 10")
    assert asked.ask is not None
    assert decided(rules, args={"n": 1}).rule == "rule 3: true"
    plain = decided(ruled("ask"))
    assert (plain.permission, plain.rule) == ("ask", "")


def test_conditions_see_tool_agent_session_task_user_and_environment() -> None:
    when = (
        "tool == 't' && agent == 'a' && session.tool_calls == 3 && task.type == 'x' && "
        "user == 'u' && environment == 'staging'"
    )
    seen: dict[str, Any] = {
        "session": {"tool_calls": 3}, "task": {"type": "x"}, "user": "u", "environment": "staging",
    }  # fmt: skip
    assert decided(ruled("deny", (when, "allow")), **seen).permission == "allow"
    assert decided(ruled("deny", (when, "allow")), **{**seen, "user": "v"}).permission == "deny"


@pytest.mark.parametrize(
    ("permission", "rules", "expected"),
    [
        ("ask", [("args.n < 10", "allow")], "ask"),
        ("allow", [("args.n < 10", "ask")], "ask"),
        ("allow", [("args.n > 10", "deny")], "deny"),
        ("deny", [("args.n < 10", "allow")], "deny"),
        ("allow", [("args.n < 10", "allow"), ("true", "ask")], "ask"),
        ("ask", [("args.n < 10", "allow"), ("true", "allow")], "ask"),
        ("allow", [("args.n", "allow")], "allow"),
        ("ask", [("args.n", "allow"), ("args.other.x", "deny")], "deny"),
    ],
)
def test_a_condition_that_fails_makes_the_answer_stricter_and_is_told(
    permission: str, rules: list[tuple[str, str]], expected: str
) -> None:
    decision = decided(ruled(permission, *rules), args={"n": "many"})
    assert decision.permission == expected
    assert decision.failed
    assert all(text.startswith("rule ") for text in decision.failed)


FAILING = ("args.missing > 1", "args.n + 1", "args.n.x == 1", "session.id > 5", "1 / 0 == 1")
CONDITIONS = st.sampled_from((*FAILING, "true", "false", "args.n == 1", "args.n != 1"))
RULES = st.lists(st.tuples(CONDITIONS, st.sampled_from(PERMISSIONS)), max_size=5)
HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(RULES, st.sampled_from(PERMISSIONS), st.dictionaries(st.text(max_size=5), HOSTILE))
def test_whatever_the_arguments_a_failing_condition_never_opens(
    rules: list[tuple[str, str]], permission: str, args: dict[str, Any]
) -> None:
    """At least as strict as if each failing rule had held, and as if it had not."""
    decision = decided(ruled(permission, *rules), args=args)
    failing = {int(text[5 : text.index(":")]) - 1 for text in decision.failed}
    for spelled in ("true", "false"):
        settled = [
            (spelled if at in failing else when, then) for at, (when, then) in enumerate(rules)
        ]
        certain = decided(ruled(permission, *settled), args=args)
        assert STRICTNESS[decision.permission] >= STRICTNESS[certain.permission]
    assert (decision.ask is not None) == (decision.permission == "ask")


@settings(max_examples=100, deadline=None)
@given(HOSTILE, st.sampled_from(["not even CEL ((", "args", "'x'", "args.a.b.c > 1", "[1,2][9]"]))
def test_hostile_arguments_and_conditions_never_raise_and_never_allow_what_is_closed(
    value: Any, when: str
) -> None:
    decision = decided(ruled("deny", (when, "allow")), args={"a": value})
    assert decision.permission == "deny" or not decision.failed


def test_tools_of_an_mcp_server_have_its_permission_unless_the_manifest_names_them() -> None:
    known = manifest(
        agents={"a": {"mcp_servers": ["gh"]}, "b": {"tools": ["t"]}},
        tools={"t": {"permission": "allow"}},
        mcp_servers={
            "gh": {"url": "https://x", "permission": "ask", "tools": ["t", "search"]},
            "all": {"url": "https://y", "permission": "deny"},
        },
    )
    assert decided(known, "search", server="gh").permission == "ask"
    assert decided(known, "t", server="gh").permission == "allow"
    hidden = decided(known, "delete", server="gh")
    assert hidden.why == "the workflow does not show the tool 'delete' of the MCP server 'gh'"
    assert decided(known, "search", agent="b", server="gh").permission == "deny"
    assert decided(known, "any", server="all").permission == "deny"
    assert decided(known, "any", server="none").why == "the workflow has no MCP server 'none'"
    assert decided(known, "search").permission == "deny"


def escalating(*rules: dict[str, Any], **tool: Any) -> Manifest:
    return manifest(tools={"t": tool}, escalation=list(rules))


def test_an_escalation_asks_whatever_tool_is_called_and_once_answered_no_more() -> None:
    known = escalating(
        {"when": "session.errors > 2", "question": "Go on?", "default": "continue"},
        {"when": "session.cost_usd > 5.0", "default": "stop"},
    )
    calm: dict[str, Any] = {"session": {"errors": 1, "cost_usd": 1}}
    assert decided(known, **calm).permission == "allow"
    tense: dict[str, Any] = {"session": {"errors": 3, "cost_usd": 1}}
    decision = decided(known, **tense)
    assert (decision.permission, decision.escalations) == ("ask", (0,))
    assert decision.rule == "escalation 1: session.errors > 2"
    assert decision.ask is not None
    assert (decision.ask.question, decision.ask.default) == ("Go on?", "allow")
    assert permission_of(known, "t", variables=tense, answered={0}).permission == "allow"
    both = raised_by(known, variables={"session": {"errors": 3, "cost_usd": 9}})
    assert (both.indexes, both.ask.default) == ((0, 1), "deny")


def test_an_escalation_never_opens_and_one_that_fails_asks() -> None:
    closed = escalating({"when": "true", "default": "continue"}, permission="deny")
    assert decided(closed).permission == "deny"
    asked = escalating({"when": "true", "default": "continue"}, permission="ask")
    decision = decided(asked)
    assert decision.ask is not None
    assert decision.ask.default == "deny"
    broken = decided(escalating({"when": "session.errors > 'x'", "default": "continue"}))
    assert broken.permission == "ask"
    assert broken.failed[0].startswith("escalation 1: session.errors > 'x'")


def test_every_condition_of_a_manifest_is_found() -> None:
    known = manifest(
        tools={"t": {"rules": [{"when": "a", "permission": "ask"}]}},
        models={"m": {"targets": [{"model": "x", "when": "b"}, {"model": "y"}]}},
        escalation=[{"when": "c"}],
    )
    assert conditions_in(known) == ("a", "b", "c")
    assert conditions_in(manifest()) == ()
