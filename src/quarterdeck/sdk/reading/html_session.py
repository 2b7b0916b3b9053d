"""
One session in a notebook: most asked first, a section that has nothing to say left out.

Bounded whatever the session is: a section shows `LINES` rows, the tree `NODES` points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from quarterdeck.sdk.reading.html import (
    NOTHING,
    Child,
    Html,
    details,
    joined,
    page,
    span,
    table,
    tag,
)
from quarterdeck.sdk.reading.records import (
    ErrorEpisode,
    Intervention,
    ModelUse,
    RecordFields,
    Score,
    TreeNode,
)
from quarterdeck.sdk.reading.session_rows import outcome_words, when
from quarterdeck.sdk.shown import NOT_TOLD, count, duration, money, one_line, plural

LINES = 12
"""Rows of one section: a session can have a thousand handoffs."""
NODES = 150
"""Points of the decision tree: two screens.  All of them are in `session.tree()`."""
TEXT = 300
"""Characters of one thing that somebody said: the whole is in the record."""

_MARKS = {
    "success": "ok",
    "success_partial": "part",
    "failure": "bad",
    "abandoned": "gone",
    "interrupted": "gone",
}


def session_html(session: RecordFields, *, tree: TreeNode | None, trouble: str = "") -> Html:
    """`trouble` is told in place of a tree that could not be read."""
    named = session.task or session.task_type or session.workflow.name or session.session_id
    return page(
        tag("div", one_line(named, limit=TEXT), css="qd-title"),
        tag("div", one_line(session.session_id, limit=TEXT), css="qd-id qd-dim"),
        _facts(session),
        tag("div", _models(session), _tools(session), _agents(session), css="qd-cols"),
        _people(session.interventions),
        _errors(session),
        _scores(session.scores),
        _decisions(tree, trouble),
        _unsure(session),
    )


def outcome_html(session: RecordFields) -> Html:
    """`✓ success`; the mark is colored, the word is not."""
    mark, _, word = outcome_words(session).partition(" ")
    if session.outcome.label == "unknown" and session.status != "closed":
        return joined(span("open", "●"), f" {mark} {word}".rstrip())
    return joined(span(_MARKS.get(session.outcome.label, "dim"), mark), f" {word}")


def _facts(session: RecordFields) -> Html:
    return tag(
        "div",
        *(
            joined(tag("div", name, css="qd-k"), tag("div", value))
            for name, value in _fact_lines(session)
        ),
        css="qd-facts",
    )


def _fact_lines(session: RecordFields) -> Iterator[tuple[str, Child]]:
    if session.external_id:
        yield "sent as", one_line(session.external_id, limit=TEXT)
    yield "outcome", _outcome(session)
    yield "status", _status(session)
    yield "cost", _cost(session)
    if session.task_type and session.task:
        yield "type", one_line(session.task_type, limit=TEXT)
    if session.user:
        yield "user", one_line(session.user, limit=TEXT)
    workflow = session.workflow
    if workflow.name or workflow.version is not None or workflow.environment:
        told = [one_line(workflow.name, limit=TEXT)] if workflow.name else []
        if workflow.version is not None:
            told.append(f"version {one_line(str(workflow.version), limit=80)}")
        if workflow.environment:
            told.append(f"in {one_line(workflow.environment, limit=80)}")
        yield "workflow", " ".join(told)
    if session.case:
        trial = "" if session.trial is None else f", trial {session.trial}"
        yield "case", one_line(session.case, limit=TEXT) + trial
    if session.units:
        some = list(session.units.items())[:LINES]
        done = (f"{amount:,g} {one_line(name, limit=80)}" for name, amount in some)
        yield "work done", ", ".join(done)
    if session.tags or session.experiment:
        words = [*session.tags[:LINES], *(["experiment"] if session.experiment else [])]
        yield (
            "tags",
            joined(*(span("tagged", one_line(word, limit=60)) for word in words)),
        )
    if session.handoffs:
        yield "handoffs", _handoffs(session)
    yield "size", ", ".join(_size(session))


def _outcome(session: RecordFields) -> Html:
    """With who says so and on what evidence."""
    outcome = session.outcome
    parts: list[Child] = [outcome_html(session)]
    if outcome.source:
        who = one_line(outcome.author or f"the {outcome.source}", limit=60)
        parts.append(span("dim", f", says {who}"))
    elif outcome.label == "unknown":
        parts.append(span("dim", ": nobody has told it"))
    if outcome.reason:
        parts.append(span("dim", f": {one_line(outcome.reason, limit=TEXT)}"))
    return joined(*parts)


def _status(session: RecordFields) -> Html:
    return joined(
        one_line(session.status, limit=80).replace("_", " "),
        span("dim", f", began {when(session.started_at)}, took {duration(session.duration_s)}"),
    )


def _cost(session: RecordFields) -> Html:
    """The total, what is missing from it, and how much of it was for nothing."""
    cost = session.cost
    calls = cost.priced_calls + cost.unpriced_calls
    parts: list[Child] = [tag("b", money(cost.total_usd))]
    if cost.unpriced_calls:
        share = cost.unpriced_calls / calls
        parts += [
            " ",
            span("part", "▲"),
            f" {cost.unpriced_calls:,} of {plural(calls, 'call')} unpriced ({share:.0%})",
        ]
    if cost.wasted_usd:
        parts.append(span("dim", f", {money(cost.wasted_usd)} wasted"))
    if cost.reported_usd is not None and cost.reported_usd != cost.total_usd:
        parts.append(span("dim", f", {money(cost.reported_usd)} reported"))
    return joined(*parts)


def _handoffs(session: RecordFields) -> Html:
    seen: dict[str, int] = {}
    for one in session.handoffs:
        ends = (one_line(end or NOT_TOLD, limit=80) for end in (one.source, one.target))
        route = " → ".join(ends)
        seen[route] = seen.get(route, 0) + 1
    told = [route + (f" x{times}" if times > 1 else "") for route, times in seen.items()]
    rest = [f"and {len(told) - LINES} more"] if len(told) > LINES else []
    return joined(", ".join([*told[:LINES], *rest]))


def _size(session: RecordFields) -> Iterator[str]:
    yield plural(session.step_count, "step")
    yield plural(session.span_count, "span")
    yield plural(len(session.trace_ids), "trace")
    if session.open_spans:
        yield f"{count(session.open_spans)} still open"
    if session.missing_parents:
        yield f"{count(session.missing_parents)} parents missing"


def _section(title: Child, *children: Child, wide: bool = False) -> Html:
    css = "qd-sec qd-wide" if wide else "qd-sec"
    return tag("div", tag("div", title, css="qd-h"), *children, css=css)


def _rest(rows: Sequence[object]) -> Html:
    return span("dim", f"and {len(rows) - LINES} more") if len(rows) > LINES else NOTHING


def _models(session: RecordFields) -> Html:
    uses = session.models_used
    if not uses:
        return NOTHING
    rows: list[list[Child]] = [
        [
            one_line(use.model, limit=80) or NOT_TOLD,
            one_line(use.role or "", limit=40),
            count(use.calls),
            _bad(use.errors),
            _tokens(use, use.input_tokens),
            _tokens(use, use.output_tokens),
            money(use.cost_usd) + ("+" if use.cost_usd is not None and use.unpriced_calls else ""),
        ]
        for use in uses[:LINES]
    ]
    head: list[Child] = ["model", "role", "calls", "errors", "in", "out", "cost"]
    return _section("Models", table(head, rows, words=2), _rest(uses))


def _tokens(use: ModelUse, tokens: int | None) -> str:
    """A `+` tells that some calls did not say theirs."""
    return count(tokens) + ("+" if tokens is not None and use.calls_without_usage else "")


def _tools(session: RecordFields) -> Html:
    uses = session.tool_calls
    if not uses:
        return NOTHING
    rows: list[list[Child]] = [
        [
            one_line(use.tool, limit=80) or NOT_TOLD,
            count(use.calls),
            _bad(use.errors),
            count(use.denied),
        ]
        for use in uses[:LINES]
    ]
    head: list[Child] = ["tool", "calls", "errors", "denied"]
    return _section("Tools", table(head, rows, words=1), _rest(uses))


def _agents(session: RecordFields) -> Html:
    uses = session.agents
    if not uses:
        return NOTHING
    rows: list[list[Child]] = [
        [
            one_line(use.agent, limit=80) or NOT_TOLD,
            one_line(use.role or "", limit=40),
            count(use.model_calls),
            count(use.tool_calls),
            _bad(use.errors),
            money(use.cost_usd),
        ]
        for use in uses[:LINES]
    ]
    head: list[Child] = ["agent", "role", "models", "tools", "errors", "cost"]
    return _section("Agents", table(head, rows, words=2), _rest(uses))


def _bad(errors: int) -> Html:
    return joined(span("bad", "✗ "), count(errors)) if errors else joined("0")


def _people(acts: Sequence[Intervention]) -> Html:
    if not acts:
        return NOTHING
    items = [tag("li", *_act(act)) for act in acts[:LINES]]
    return _section("People", tag("ul", *items, css="qd-l"), _rest(acts), wide=True)


def _act(act: Intervention) -> Iterator[Child]:
    # An act is called after what the person does; until then there is only what was asked.
    asked_only = act.pending and act.kind == "answer"
    yield span("open" if act.pending else "ok", "● ")
    yield "question" if asked_only else one_line(act.kind, limit=80)
    about = act.tool or act.agent
    yield f" of {one_line(about, limit=80)}" if about else None
    yield f" by {one_line(act.by, limit=80)}" if act.by else None
    if act.pending:
        yield span("dim", ", nobody has answered yet")
    elif act.waited_s is not None:
        yield span("dim", f", waited {duration(act.waited_s)}")
    yield span("dim", f", {when(act.at)}")
    yield (tag("div", "asked: ", one_line(act.question, limit=TEXT)) if act.question else None)
    yield tag("div", "said: ", one_line(act.answer, limit=TEXT)) if act.answer else None


def _errors(session: RecordFields) -> Html:
    if not session.error_episodes:
        return NOTHING
    title = f"Errors: {plural(session.error_episodes, 'episode')}, {session.recovered:,} recovered"
    items = [tag("li", *_episode(episode)) for episode in session.episodes[:LINES]]
    return _section(title, tag("ul", *items, css="qd-l"), _rest(session.episodes), wide=True)


def _episode(episode: ErrorEpisode) -> Iterator[Child]:
    recovered = episode.recovered_at is not None
    yield span("ok", "✓ ") if recovered else span("bad", "✗ ")
    yield one_line(episode.operation.removesuffix(":"), limit=80)
    if episode.target:
        yield span("dim", f" {one_line(episode.target, limit=80)}")
    yield f", {plural(episode.errors, 'error')}, "
    by = "by a fallback" if episode.by_fallback else "later"
    yield f"recovered {by}" if recovered else "not recovered"
    yield tag("div", one_line(episode.reason, limit=TEXT)) if episode.reason else None


def _scores(scores: Sequence[Score]) -> Html:
    if not scores:
        return NOTHING
    rows: list[list[Child]] = [
        [
            one_line(score.name, limit=60),
            one_line(score.label or "", limit=60),
            one_line(score.author or score.judge, limit=60),
            one_line(score.explanation or "", limit=TEXT),
            NOT_TOLD if score.value is None else f"{score.value:,.4g}",
        ]
        for score in scores[:LINES]
    ]
    head: list[Child] = ["score", "label", "by", "why", "value"]
    return _section("Scores", table(head, rows, words=4), _rest(scores), wide=True)


def _decisions(tree: TreeNode | None, trouble: str) -> Html:
    if tree is None:
        said = f"The decision tree could not be read: {one_line(trouble, limit=TEXT)}"
        return tag("div", said, css="qd-sec qd-dim") if trouble else NOTHING
    room = [NODES]
    branches = _branches(tree.children, room)
    body = tag("ul", *branches, css="qd-tree")
    return tag("div", details("Decisions", body), css="qd-sec qd-wide")


def _branches(nodes: Sequence[TreeNode], room: list[int]) -> list[Html]:
    """List items, at most as many as there is `room` for in the whole tree."""
    items = []
    for at, node in enumerate(nodes):
        if room[0] <= 0:
            items.append(tag("li", span("dim", f"{len(nodes) - at} more: session.tree()")))
            break
        room[0] -= 1
        below = _branches(node.children, room)
        items.append(tag("li", *_node(node), tag("ul", *below) if below else None))
    return items


def _node(node: TreeNode) -> Iterator[Child]:
    yield span("kind", one_line(node.kind, limit=80))
    yield f" {one_line(node.label, limit=100)}"
    yield tag("b", f" x{node.count:,}") if node.count > 1 else None
    if node.status in {"error", "blocked", "cancelled"}:
        yield joined(" ", span("bad", "✗"), f" {node.status}")
    told = []
    if node.cost_usd is not None:
        told.append(money(node.cost_usd))
    if node.steps:
        last = "" if len(node.steps) == 1 else f"-{node.steps[-1]}"
        told.append(f"#{node.steps[0]}{last}")
    yield span("dim", "  " + "  ".join(told)) if told else None


def _unsure(session: RecordFields) -> Html:
    """What is wrong with the data, and what could not be read: the numbers above rest on it."""
    found: list[tuple[str, str]] = [(one.code, one.message) for one in session.data_findings]
    unread = [(one.key, one.message) for one in session.problems]
    return joined(
        _told("In the data", session.data_finding_count, found),
        _told("Could not be read", session.problem_count, unread),
    )


def _told(title: str, total: int, pairs: Sequence[tuple[str, str]]) -> Html:
    if not pairs:
        return NOTHING
    items = [
        tag(
            "li",
            tag("b", one_line(key, limit=100)),
            f" {one_line(message, limit=TEXT)}",
        )
        for key, message in pairs[:LINES]
    ]
    heading = f"{title}: {max(total, len(pairs)):,}"
    return _section(heading, tag("ul", *items, css="qd-l"), _rest(pairs), wide=True)
