"""
One session for people: the record of docs/reference/session-record.md on a page.

A section that has nothing to say is left out, so that a session of two calls is read at a
glance.  What nobody told is a dash, not a zero.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from quarterdeck.cli.session_list import STATUS_STYLES, outcome_text, took
from quarterdeck.cli.terminal import (
    NOT_TOLD,
    count,
    duration,
    money,
    one_line,
    plural,
    print_table,
    printable,
    styled,
    text_of,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text
    from rich.tree import Tree

LINES = 12
"""Rows of one section before it is cut: a session can have a thousand handoffs."""

TREE_DEPTH = 15
"""Each level moves 4 columns to the right; sub-agents of sub-agents are rarely 5 deep."""

ONLY_A_HASH = re.compile("[0-9a-f]{16}")
"""A target that stands for arguments of which none says what the tool acted on."""

HANDOFF_ARROWS = {"delegates": "⇄", "hands_off": "→", "spawns": "⇉"}
"""Delegation comes back, a handoff does not, a spawned agent runs beside."""

NODE_STYLES = {
    "human": "yellow",
    "retry": "red",
    "fallback": "magenta",
    "handoff": "cyan",
    "parallel": "blue",
    "loop": "blue",
    "choice": "bold",
    "start": "dim",
    "end": "dim",
}


def print_session(
    console: Console, record: Mapping[str, Any], *, now_ns: int, utc: bool, asked: str = ""
) -> None:
    """
    The whole page, most asked first: what, how it ended, what it cost, who did it.

    `asked` is what the agents were asked first: shown where nobody told a task.
    """
    console.print(styled(printable(text_of(record, "session_id")), "bold"), soft_wrap=True)
    _print_facts(console, _facts(record, now_ns=now_ns, utc=utc, asked=asked))
    _print_agents(console, record.get("agents") or ())
    _print_models(console, record.get("models_used") or ())
    _print_tools(console, record.get("tool_calls") or ())
    _print_handoffs(console, record.get("handoffs") or ())
    _print_attempts(console, record.get("attempts") or ())
    _print_people(console, record.get("interventions") or (), now_ns=now_ns, utc=utc)
    _print_episodes(console, record)
    _print_scores(console, record.get("scores") or ())
    _print_findings(console, record)
    _print_problems(console, record)


def print_tree(console: Console, answer: Mapping[str, Any]) -> None:
    """The decision tree; `answer` is the API's."""
    from rich.tree import Tree

    root = answer.get("root") or answer.get("tree") or answer
    _heading(console, "Decisions")
    tree = Tree(_node_label(root), guide_style="dim", hide_root=False)
    # A stack of our own: a chain of ten thousand retries is deeper than Python's.
    waiting: list[tuple[Tree, Mapping[str, Any], int]] = [(tree, root, 1)]
    while waiting:
        branch, node, depth = waiting.pop()
        children = node.get("children") or ()
        if children and depth >= TREE_DEPTH:
            branch.add(styled("deeper: --json", "dim"))
            continue
        waiting += [(branch.add(_node_label(child)), child, depth + 1) for child in children]
    console.print(tree)


def _facts(
    record: Mapping[str, Any], *, now_ns: int, utc: bool, asked: str
) -> Iterable[tuple[str, Text]]:
    """Name and value of each line of the header; lines without a value are left out."""
    status = text_of(record, "status")
    if record.get("external_id"):
        yield "sent as", styled(text_of(record, "external_id"))
    if record.get("task"):
        yield "task", styled(text_of(record, "task"))
    elif asked:
        yield "asked", styled(one_line(asked, limit=200))
    if record.get("task_type"):
        yield "type", styled(text_of(record, "task_type"))
    yield "status", styled(status.replace("_", " ") or NOT_TOLD, STATUS_STYLES.get(status, ""))
    yield "outcome", _outcome(record)
    started = when(record.get("started_at"), now_ns=now_ns, utc=utc)
    yield "started", styled(f"{started}, took {took(record)}")
    yield "cost", _cost(record)
    if record.get("user"):
        yield "user", styled(text_of(record, "user"))
    workflow = record.get("workflow") or {}
    told = [text_of(workflow, key) for key in ("name", "version", "environment")]
    name, version, environment = told
    if name or version:
        said = " ".join(filter(None, (name, version and f"version {version}")))
        yield "workflow", styled(said + (f" in {environment}" if environment else ""))
    elif environment:
        yield "runs in", styled(environment)
    if record.get("case"):
        yield "case", _case(record)
    units = record.get("units") or {}
    if units:
        yield "units", styled(", ".join(f"{_number(done)} {name}" for name, done in units.items()))
    if record.get("tags"):
        yield "tags", styled(", ".join(map(str, record["tags"])))
    size = _size(record)
    if size:
        yield "size", styled(size, "dim")


def _case(record: Mapping[str, Any]) -> Text:
    """`refund/13, trial 2, 4 of 5 expected calls made`."""
    text = styled(text_of(record, "case"))
    if record.get("trial") is not None:
        text += styled(f", trial {count(record['trial'])}")
    expected = record.get("expected_calls")
    if expected:
        made = f"{count(expected['matched'])} of {plural(int(expected['count']), 'expected call')}"
        text += styled(f", {made} made", "dim")
    return text


def _outcome(record: Mapping[str, Any]) -> Text:
    """`✓ success, says the agent: all 14 modules compile`."""
    outcome = record.get("outcome") or {}
    text = outcome_text({**record, "status": "closed"})
    if outcome.get("source"):
        who = text_of(outcome, "author") or text_of(outcome, "source")
        text += styled(f", says {'the ' if not outcome.get('author') else ''}{who}", "dim")
    if outcome.get("reason"):
        text += styled(f": {one_line(text_of(outcome, 'reason'), limit=200)}", "dim")
    return text


def _cost(record: Mapping[str, Any]) -> Text:
    """Total, what is missing from it, and how much of it was for nothing."""
    cost = record.get("cost") or {}
    text = styled(money(cost.get("total_usd")), "bold")
    priced, unpriced = cost.get("priced_calls"), int(cost.get("unpriced_calls") or 0)
    if unpriced and priced is not None:
        text += styled(
            f"  {unpriced} of {plural(unpriced + int(priced), 'call')} unpriced", "yellow"
        )
    elif unpriced:
        text += styled(f"  {plural(unpriced, 'call')} unpriced", "yellow")
    reported, computed = cost.get("reported_usd"), cost.get("computed_usd")
    if reported is not None and computed is not None and money(reported) != money(computed):
        text += styled(f"  recorded {money(reported)}, computed {money(computed)}", "dim")
    if cost.get("wasted_usd") not in (None, "", "0"):
        text += styled(f"  {money(cost['wasted_usd'])} wasted", "red")
    return text


def _size(record: Mapping[str, Any]) -> str:
    traces = len(record.get("trace_ids") or ())
    parts = [
        plural(int(record[key]), noun)
        for key, noun in (("step_count", "step"), ("span_count", "span"))
        if record.get(key) is not None
    ]
    if traces:
        parts.append(plural(traces, "trace"))
    for key, words in (("open_spans", "still open"), ("missing_parents", "parents missing")):
        if record.get(key):
            parts.append(f"{count(record[key])} {words}")
    return ", ".join(parts)


def _print_facts(console: Console, facts: Iterable[tuple[str, Text]]) -> None:
    table = _grid()
    for name, value in facts:
        table.add_row(styled(name, "dim"), value)
    console.print(table)


def _print_agents(console: Console, agents: Sequence[Mapping[str, Any]]) -> None:
    if not agents:
        return
    _heading(console, "Agents")
    table = _table("agent", "role", numbers=("models", "tools", "errors", "cost"))
    for agent in agents[:LINES]:
        table.add_row(
            styled(text_of(agent, "agent") or NOT_TOLD),
            styled(text_of(agent, "role")),
            count(agent.get("model_calls")),
            count(agent.get("tool_calls")),
            _errors(agent.get("errors")),
            money(agent.get("cost_usd")),
        )
    print_table(console, table, words=2)
    _print_rest(console, agents)


def _print_models(console: Console, models: Sequence[Mapping[str, Any]]) -> None:
    if not models:
        return
    _heading(console, "Models")
    table = _table("model", "role", numbers=("calls", "errors", "in", "cached", "out", "cost"))
    for use in models[:LINES]:
        table.add_row(
            styled(text_of(use, "model") or NOT_TOLD),
            styled(text_of(use, "role")),
            count(use.get("calls")),
            _errors(use.get("errors")),
            _tokens(use, "input_tokens"),
            _tokens(use, "cache_read_tokens"),
            _tokens(use, "output_tokens"),
            _model_cost(use),
        )
    print_table(console, table, words=2)
    _print_rest(console, models)


def _print_tools(console: Console, tools: Sequence[Mapping[str, Any]]) -> None:
    if not tools:
        return
    _heading(console, "Tools")
    table = _table("tool", numbers=("calls", "errors", "denied"))
    for use in tools[:LINES]:
        table.add_row(
            styled(text_of(use, "tool") or NOT_TOLD),
            count(use.get("calls")),
            _errors(use.get("errors")),
            _errors(use.get("denied")),
        )
    print_table(console, table, words=1)
    _print_rest(console, tools)


def _print_handoffs(console: Console, handoffs: Sequence[Mapping[str, Any]]) -> None:
    if not handoffs:
        return
    _heading(console, "Handoffs")
    for handoff in handoffs[:LINES]:
        kind = text_of(handoff, "kind")
        source, target = text_of(handoff, "from"), text_of(handoff, "to")
        console.print(
            styled(f"  {source or NOT_TOLD} {HANDOFF_ARROWS.get(kind, '→')} {target or NOT_TOLD}")
            + styled(f"  {kind.replace('_', ' ')}", "dim")
        )
    _print_rest(console, handoffs)


def _print_attempts(console: Console, attempts: Sequence[Mapping[str, Any]]) -> None:
    if not attempts:
        return
    _heading(console, "Tried again")
    for attempt in attempts[:LINES]:
        source, target = text_of(attempt, "from"), text_of(attempt, "to")
        aim = f"{source} → {target}" if attempt.get("kind") == "fallback" else source
        line = styled(f"  {text_of(attempt, 'kind')} ", "magenta") + styled(one_line(aim, limit=80))
        if int(attempt.get("count") or 1) > 1:
            line += styled(f" x{attempt['count']}", "bold")
        if attempt.get("reason"):
            line += styled(f"  {one_line(text_of(attempt, 'reason'), limit=80)}", "dim")
        console.print(line)
    _print_rest(console, attempts)


def _print_people(
    console: Console, interventions: Sequence[Mapping[str, Any]], *, now_ns: int, utc: bool
) -> None:
    if not interventions:
        return
    _heading(console, "People")
    for act in interventions[:LINES]:
        kind = text_of(act, "kind")
        # An act is called after what the person does; until then there is only what was asked.
        asked_only = act.get("pending") and kind == "answer"
        line = styled(f"  {'question' if asked_only else kind}", "yellow")
        about = text_of(act, "tool") or text_of(act, "agent")
        if about:
            line += styled(f" of {about}")
        if act.get("by"):
            line += styled(f" by {text_of(act, 'by')}")
        if act.get("pending"):
            line += styled("  nobody has answered yet", "yellow bold")
        elif act.get("waited_s") is not None:
            line += styled(f"  waited {duration(float(act['waited_s']))}", "dim")
        line += styled(f"  {when(act.get('at'), now_ns=now_ns, utc=utc)}", "dim")
        console.print(line)
        for mark, key in (("?", "question"), (">", "answer")):
            if act.get(key):
                said = one_line(text_of(act, key), limit=200)
                console.print(styled(f"    {mark} {said}", "dim"))
    _print_rest(console, interventions)


def _print_episodes(console: Console, record: Mapping[str, Any]) -> None:
    """How many things went wrong, which, and what became of them."""
    total = int(record.get("error_episodes") or 0)
    if not total:
        return
    recovered = int(record.get("recovered") or 0)
    _heading(console, f"Errors: {plural(total, 'episode')}, {recovered} recovered")
    episodes = record.get("episodes") or ()
    for episode in episodes[:LINES]:
        line = styled(f"  {text_of(episode, 'operation').removesuffix(':')}")
        if episode.get("target") and not ONLY_A_HASH.fullmatch(text_of(episode, "target")):
            line += styled(f" {one_line(text_of(episode, 'target'), limit=60)}", "dim")
        line += styled(f"  {plural(int(episode.get('errors') or 1), 'error')}", "red")
        if episode.get("recovered_at") is None:
            line += styled("  not recovered", "red")
        else:
            by = "by a fallback" if episode.get("by_fallback") else "later"
            line += styled(f"  recovered {by}", "green")
        console.print(line)
        if episode.get("reason"):
            console.print(styled(f"    {one_line(text_of(episode, 'reason'), limit=200)}", "dim"))
    _print_rest(console, episodes)


def _print_scores(console: Console, scores: Sequence[Mapping[str, Any]]) -> None:
    if not scores:
        return
    _heading(console, "Scores")
    for score in scores[:LINES]:
        said = [_number(score["value"])] if score.get("value") is not None else []
        said += [text_of(score, "label")] if score.get("label") else []
        line = styled(f"  {text_of(score, 'name')}: {' '.join(said) or NOT_TOLD}")
        line += styled(f"  {text_of(score, 'author') or text_of(score, 'judge')}", "dim")
        if score.get("explanation"):
            line += styled(f"  {one_line(text_of(score, 'explanation'), limit=120)}", "dim")
        console.print(line)
    _print_rest(console, scores)


def _print_findings(console: Console, record: Mapping[str, Any]) -> None:
    """What is odd about the recorded data: a note for who trusts the numbers, no error."""
    findings = record.get("data_findings") or ()
    if not findings:
        return
    _heading(console, f"Data findings: {count(record.get('data_finding_count', len(findings)))}")
    for finding in findings[:LINES]:
        line = styled(f"  {text_of(finding, 'code').replace('_', ' ')}", "bold")
        line += styled(f"  {one_line(text_of(finding, 'message'), limit=200)}", "dim")
        if int(finding.get("count") or 1) > 1:
            line += styled(f"  x{count(finding['count'])}", "dim")
        console.print(line)
    _print_rest(console, findings)


def _print_problems(console: Console, record: Mapping[str, Any]) -> None:
    problems = record.get("problems") or ()
    if not problems:
        return
    _heading(console, f"Could not be read: {count(record.get('problem_count', len(problems)))}")
    for problem in problems[:LINES]:
        said = one_line(text_of(problem, "message"), limit=160)
        console.print(styled(f"  {text_of(problem, 'key')}", "bold") + styled(f"  {said}", "dim"))
    _print_rest(console, problems)


def _node_label(node: Mapping[str, Any]) -> Text:
    kind = text_of(node, "kind")
    text = styled(kind, NODE_STYLES.get(kind, "dim"))
    text += styled(f" {one_line(text_of(node, 'label'), limit=80)}")
    if int(node.get("count") or 1) > 1:
        text += styled(f" x{node['count']}", "bold")
    if node.get("status") in {"error", "blocked", "cancelled"}:
        text += styled(f"  {node['status']}", "red")
    if node.get("cost_usd") is not None:
        text += styled(f"  {money(node['cost_usd'])}", "dim")
    steps = node.get("steps") or ()
    if steps:
        shown = str(steps[0]) if len(steps) == 1 else f"{steps[0]}-{steps[-1]}"
        text += styled(f"  #{shown}", "dim")
    return text


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(styled(text, "bold"))


def _grid() -> Table:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, min_width=8)
    grid.add_column(overflow="fold")
    return grid


def _table(*words: str, numbers: tuple[str, ...]) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 0, 0, 2), header_style="dim")
    for word in words:
        table.add_column(word, overflow="fold")
    for number in numbers:
        table.add_column(number, justify="right", no_wrap=True)
    return table


def _print_rest(console: Console, rows: Sequence[object]) -> None:
    if len(rows) > LINES:
        console.print(styled(f"  and {len(rows) - LINES} more: --json", "dim"))


def _errors(number: Any) -> Text:
    return styled(count(number), "red" if number else "dim")


def _tokens(use: Mapping[str, Any], key: str) -> str:
    """A `+` tells that some calls did not say their tokens."""
    calls, silent = int(use.get("calls") or 0), int(use.get("calls_without_usage") or 0)
    if calls and silent == calls and not use.get(key):
        return NOT_TOLD
    return count(use.get(key)) + ("+" if silent else "")


def _model_cost(use: Mapping[str, Any]) -> str:
    cost = use.get("cost_usd")
    return f"{money(cost)}+" if cost is not None and use.get("unpriced_calls") else money(cost)


def _number(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, float) and abs(value) < 1e4 else f"{value:,}"
