"""What a person sees of a session: complete, legible, and never driven by the session's text."""

from typing import Any

import pytest
from rich.console import Console

from quarterdeck.assembly.identify import public_id
from quarterdeck.cli.figures import print_figures
from quarterdeck.cli.session_list import print_sessions, task_line
from quarterdeck.cli.session_page import LINES, TREE_DEPTH, print_session, print_tree

NOW_NS = 1_776_000_000 * 1_000_000_000  # 2026-04-12T13:20:00Z

RECORD: dict[str, Any] = {
    "session_id": "sess_abc123",
    "status": "closed",
    "task": "Port billing to Rust",
    "task_type": "code_migration",
    "user": "u-7",
    "started_at": "2026-04-12T08:30:00Z",
    "ended_at": "2026-04-12T10:15:00Z",
    "last_seen_at": "2026-04-12T10:15:00Z",
    "workflow": {"name": "migrator", "version": 14, "environment": "production"},
    "models_used": [
        {
            "model": "gpt-4o",
            "role": "planner",
            "calls": 15,
            "errors": 0,
            "input_tokens": 120_500,
            "output_tokens": 9_400,
            "cache_read_tokens": 80_000,
            "calls_without_usage": 2,
            "cost_usd": "47.82",
            "unpriced_calls": 1,
        },
        {
            "model": "house-model",
            "role": None,
            "calls": 3,
            "errors": 1,
            "input_tokens": 0,
            "output_tokens": 0,
            "cache_read_tokens": 0,
            "calls_without_usage": 3,
            "cost_usd": None,
            "unpriced_calls": 3,
        },
    ],
    "tool_calls": [{"tool": "file_read", "calls": 89, "errors": 2, "denied": 1}],
    "agents": [
        {
            "agent": "planner",
            "role": "planner",
            "model_calls": 15,
            "tool_calls": 89,
            "errors": 2,
            "cost_usd": "47.82",
        }
    ],
    "handoffs": [{"from": "planner", "to": "coder", "kind": "delegates"}],
    "human_interventions": {"count": 1, "by_kind": {"approval": 1}, "waited_s": 412.0},
    "interventions": [
        {
            "kind": "approval",
            "at": "2026-04-12T09:00:00Z",
            "waited_s": 412.0,
            "by": "alice@example.com",
            "tool": "issue_refund",
            "question": "Refund $212?",
            "answer": "yes",
            "pending": False,
        }
    ],
    "outcome": {
        "label": "success_partial",
        "source": "agent",
        "reason": "2 of 14 modules left",
        "author": None,
    },
    "cost": {
        "total_usd": "47.82",
        "priced_calls": 14,
        "unpriced_calls": 4,
        "wasted_usd": "3.10",
    },
    "error_episodes": 2,
    "recovered": 1,
    "episodes": [
        {
            "operation": "tool:run_tests",
            "target": "billing",
            "errors": 3,
            "reason": "RuntimeError: pytest exited 1",
            "recovered_at": None,
        },
        {"operation": "tool:run_tests", "target": "tax", "errors": 1, "recovered_at": "2026"},
    ],
    "attempts": [
        {"kind": "fallback", "from": "gpt-4o", "to": "gpt-4o-mini", "reason": "429", "count": 1}
    ],
    "units": {"lines": 412},
    "tags": ["nightly"],
    "scores": [],
    "trace_ids": ["a" * 32, "b" * 32],
    "span_count": 130,
    "step_count": 107,
    "open_spans": 0,
    "missing_parents": 1,
    "problems": [{"key": "gen_ai.usage.input_tokens", "message": "expected a count, got 'many'"}],
    "problem_count": 7,
}


def page(record: dict[str, Any], *, width: int = 120) -> str:
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        print_session(console, record, now_ns=NOW_NS, utc=False)
    return captured.get()


@pytest.mark.parametrize(
    "said",
    [
        "sess_abc123",
        "Port billing to Rust",
        "closed",
        "◐ success_partial, says the agent: 2 of 14 modules left",
        "4 h ago, took 1 h 45 min",
        "$47.82  4 of 18 calls unpriced  $3.10 wasted",
        "migrator version 14 in production",
        "412 lines",
        "107 steps, 130 spans, 2 traces, 1 parents missing",
        "planner ⇄ coder  delegates",
        "fallback gpt-4o → gpt-4o-mini  429",
        "approval of issue_refund by alice@example.com  waited 6 min 52 s",
        "? Refund $212?",
        "Errors: 2 episodes, 1 recovered",
        "tool:run_tests billing  3 errors  not recovered\n    RuntimeError: pytest exited 1\n",
        "Could not be read: 7",
        "gen_ai.usage.input_tokens  expected a count, got 'many'",
    ],
)
def test_the_page_tells(said: str) -> None:
    assert said in page(RECORD)


def test_what_nobody_has_answered_yet_is_a_question() -> None:
    act = {"kind": "answer", "at": "2026-04-12T09:00:00Z", "question": "Ship it?", "pending": True}
    shown = page({**RECORD, "interventions": [act]})
    assert "  question  nobody has answered yet" in shown


def test_what_nobody_told_is_a_dash_and_what_is_missing_from_a_sum_a_plus() -> None:
    shown = page(RECORD)
    priced = next(line for line in shown.splitlines() if "gpt-4o " in line and "planner" in line)
    assert priced.split()[-6:] == ["15", "0", "120.5k+", "80.0k+", "9,400+", "$47.82+"]
    unpriced = next(line for line in shown.splitlines() if "house-model" in line)
    assert unpriced.split()[-6:] == ["3", "1", "-", "-", "-", "-"]


def test_a_total_of_calls_that_told_no_tokens_is_shown() -> None:
    """A run's own totals, where none of its calls tells any."""
    use = RECORD["models_used"][1] | {"input_tokens": 52_861, "output_tokens": 326}
    shown = page(RECORD | {"models_used": [use]})
    row = next(line for line in shown.splitlines() if "house-model" in line)
    assert row.split()[-6:] == ["3", "1", "52.9k+", "-", "326+", "-"]


def test_a_session_of_which_little_is_known_is_a_short_page() -> None:
    shown = page({"session_id": "trace:" + "a" * 32, "status": "open", "cost": {}})
    assert "? unknown" in shown
    assert len(shown.splitlines()) < 8


def test_a_failed_call_without_a_name_or_a_readable_target_is_told_plainly() -> None:
    episodes = [
        {"operation": "model:", "target": "", "errors": 1, "recovered_at": None},
        {"operation": "tool:ask", "target": "7d814f50bece8fa7", "errors": 1, "recovered_at": None},
    ]
    shown = page({**RECORD, "episodes": episodes})
    assert "  model  1 error  not recovered" in shown
    assert "  tool:ask  1 error  not recovered" in shown


@pytest.mark.parametrize(
    ("workflow", "line"),
    [
        ({"environment": "staging"}, "runs in   staging"),
        ({"name": "port", "environment": "staging"}, "workflow  port in staging"),
        ({"version": "3"}, "workflow  version 3"),
    ],
)
def test_a_workflow_is_told_as_far_as_it_is_known(workflow: dict[str, Any], line: str) -> None:
    assert f"{line} " in page({**RECORD, "workflow": workflow})


def test_where_no_task_was_told_the_page_has_what_was_asked_first() -> None:
    console = Console(width=120, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        untold = {**RECORD, "task": None}
        print_session(console, untold, now_ns=NOW_NS, utc=False, asked="Fix the\nrounding")
    assert "asked     Fix the rounding" in captured.get()
    assert "asked" not in page(RECORD)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({}, "Port billing to Rust"),
        ({"task": None}, "code_migration"),
        ({"task": None, "task_type": None}, "migrator"),
        ({"task": None, "task_type": None, "workflow": {}}, "planner"),
    ],
)
def test_a_row_is_recognized_by_the_best_name_that_was_told(
    told: dict[str, Any], shown: str
) -> None:
    assert task_line({**RECORD, **told}) == shown


def test_an_id_that_no_address_can_carry_is_told_as_it_was_sent() -> None:
    record = {**RECORD, "session_id": "sess_" + "0" * 24, "external_id": "acme/42"}
    assert "sent as   acme/42" in page(record)
    assert public_id("acme/42").startswith("sess_")
    console = Console(width=140, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        print_sessions(console, [record], now_ns=NOW_NS, utc=False, more=False)
    assert "acme/42" in captured.get()


@pytest.mark.parametrize(
    ("filtered", "said"), [(True, "No sessions match."), (False, "No session yet.")]
)
def test_an_empty_list_says_whether_there_is_anything_at_all(filtered: bool, said: str) -> None:
    console = Console(width=140, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        print_sessions(console, [], now_ns=NOW_NS, utc=False, more=False, filtered=filtered)
    assert said in captured.get()
    assert ("send-from-a-framework" in captured.get()) == (not filtered)


def test_a_trial_says_which_and_data_findings_are_told_calmly() -> None:
    trial = {
        **RECORD, "case": "refund/13", "trial": 2, "expected_calls": {"count": 5, "matched": 4},
        "data_findings": [
            {"code": "cost_disagrees", "message": "recorded 0.6 USD, computed 0.5", "count": 1},
            {"code": "timezone_unknown", "message": "read as UTC", "count": 12},
        ],
        "data_finding_count": 2,
        "cost": {**RECORD["cost"], "reported_usd": "0.60", "computed_usd": "0.50"},
    }  # fmt: skip
    shown = page(trial)
    assert "refund/13, trial 2, 4 of 5 expected calls made" in shown
    block = shown[shown.index("Data findings: 2") : shown.index("Could not be read")]
    assert "cost disagrees  recorded 0.6 USD, computed 0.5" in block
    assert "timezone unknown  read as UTC  x12" in block
    assert "recorded $0.6000, computed $0.5000" in shown
    plain = page(RECORD)
    assert "Data findings" not in plain
    assert "recorded" not in plain
    assert "trial" not in plain


def test_an_id_is_whole_on_a_narrow_terminal() -> None:
    record = {**RECORD, "session_id": "trace:" + "0123456789abcdef" * 2}
    assert record["session_id"] in page(record, width=40)


@pytest.mark.parametrize("width", [30, 40, 60])
def test_on_a_narrow_terminal_a_row_is_a_block_and_no_word_is_torn(width: int) -> None:
    long = {**RECORD["models_used"][0], "model": "gpt-4o-mini-2024-07-18"}
    shown = page({**RECORD, "models_used": [long]}, width=width)
    assert "  gpt-4o-mini-2024-07-18" in shown
    if width < 60:
        assert "calls 15, errors 0" in shown
        assert "models 15, tools 89" in shown


@pytest.mark.parametrize("width", [40, 120])
@pytest.mark.parametrize("by", [[], ["agent"]])
def test_figures_are_legible_at_every_width(width: int, by: list[str]) -> None:
    rate = {"value": 0.1, "n": 10, "interval": {"low": 0.018, "high": 0.404}}
    row: dict[str, Any] = {
        "by": dict.fromkeys(by, "house-keeping-agent"),
        "figures": {"rate": rate},
    }
    definitions = {"rate": {"title": "Task completion rate", "unit": "rate"}}
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        print_figures(console, {"rows": [row], "by": by, "definitions": definitions})
    shown = " ".join(captured.get().split())
    for said in ("ask completion rate", "10.0 %", "1.8 to 40.4 %", *(row["by"].values())):
        assert said in shown


def test_a_section_of_very_many_rows_is_cut_and_says_so() -> None:
    many = [{"tool": f"tool-{n}", "calls": 1, "errors": 0, "denied": 0} for n in range(1000)]
    shown = page({**RECORD, "tool_calls": many})
    assert f"and {1000 - LINES} more" in shown
    assert len(shown.splitlines()) < 100


def hostile(value: Any) -> Any:
    """The same record with every text turned into an attack on the terminal."""
    match value:
        case dict():
            return {key: hostile(inner) for key, inner in value.items()}
        case list():
            return [hostile(inner) for inner in value]
        case str() if not value[:1].isdigit() or "T" not in value:
            return f"{value}\x1b]0;x\x07\x9b2J\r[red]{value}"
        case _:
            return value


@pytest.mark.parametrize("width", [30, 80, 200])
def test_no_text_of_a_session_drives_the_terminal(width: int) -> None:
    record = hostile(RECORD)
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        print_session(console, record, now_ns=NOW_NS, utc=False)
        print_sessions(console, [record], now_ns=NOW_NS, utc=True, more=True)
        print_tree(console, {"root": hostile({"kind": "choice", "label": "x", "children": []})})
    shown = captured.get()
    assert not any(mark in shown for mark in ("\x1b", "\x9b", "\x07", "\r"))
    assert "[red]" in shown.replace("\n", "")


@pytest.mark.parametrize("width", [60, 140])
def test_a_list_is_a_table_or_blocks_by_the_terminals_width(width: int) -> None:
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        print_sessions(console, [RECORD], now_ns=NOW_NS, utc=False, more=False)
    shown = captured.get()
    assert all(len(line) <= width for line in shown.splitlines())
    assert ("Started" in shown) == (width == 140)
    for said in ("sess_abc123", "Port billing to Rust", "success_partial", "$47.82+", "4 h ago"):
        assert said in shown


@pytest.mark.parametrize("depth", [3, 300, 20_000])
def test_a_decision_tree_is_drawn_to_a_depth_and_says_where_it_goes_on(depth: int) -> None:
    node: dict[str, Any] = {"kind": "end", "label": "try 0"}
    for n in range(1, depth):
        node = {"kind": "retry", "label": f"try {n}", "steps": [n, n + 1], "children": [node]}
    console = Console(width=120, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        print_tree(console, {"root": node})
    assert f"try {depth - 1}" in captured.get()
    assert ("deeper" in captured.get()) == (depth > TREE_DEPTH)
    assert ("try 0\n" in captured.get()) == (depth <= TREE_DEPTH)
