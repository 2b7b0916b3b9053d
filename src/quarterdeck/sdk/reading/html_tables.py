"""Lists of sessions and tables of figures in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from quarterdeck.sdk.reading.figures import between, group_name, of_words, value_words
from quarterdeck.sdk.reading.html import NOTHING, Child, Html, joined, page, span, table, tag
from quarterdeck.sdk.reading.html_session import outcome_html
from quarterdeck.sdk.reading.records import RecordFields
from quarterdeck.sdk.reading.session_rows import cost_words, title, when
from quarterdeck.sdk.shown import NOT_TOLD, count, duration, one_line

if TYPE_CHECKING:
    from quarterdeck.sdk.reading.figures import Figure, Figures, Group

ROWS = 50
"""Of one table: three screens.  The rest is there to be asked for."""
BESIDE = 5
"""Figures of a split that are columns; of more, the groups are."""
COLUMNS = 8
"""Groups beside each other; more would be read from a frame."""


def sessions_html(sessions: Sequence[RecordFields], *, more: bool) -> Html:
    """`more`: there are others that these are the first of."""
    if not sessions:
        return page(tag("div", "No sessions match.", css="qd-dim"))
    head: list[Child] = [
        "began", "session", "task", "outcome", "models", "tools", "people", "took", "cost",
    ]  # fmt: skip
    rows: list[list[Child]] = [
        [
            span("dim", when(session.started_at)),
            span("id", one_line(session.session_id, limit=48)),
            title(session) or NOT_TOLD,
            outcome_html(session),
            count(sum(use.calls for use in session.models_used)),
            count(sum(use.calls for use in session.tool_calls)),
            count(session.human_interventions.count),
            duration(session.duration_s),
            cost_words(session),
        ]
        for session in sessions[:ROWS]
    ]
    shown = len(rows)
    rest = f"{shown} shown; there are more." if more or len(sessions) > shown else ""
    return page(
        table(head, rows, words=4),
        tag("div", rest, css="qd-dim") if rest else None,
    )


def figures_html(figures: Figures) -> Html:
    """One figure a line without a split; one group a line with one."""
    if not figures:
        return page(tag("div", "No sessions match.", css="qd-dim"))
    if figures.by or figures.bucket:
        few = len(figures[0].figures) <= BESIDE
        return page(_groups(figures) if few else _turned(figures), _meanings(figures[0]))
    return page(_list(figures[0]))


def _list(group: Group) -> Html:
    head: list[Child] = ["figure", "means", "", "value", "95 % interval", "of"]
    rows: list[list[Child]] = [
        [
            tag("b", one_line(figure.title)),
            span("dim", one_line(figure.definition)),
            _bar(figure),
            _value(figure),
            between(figure),
            of_words(figure),
        ]
        for figure in group.figures.values()
    ]
    return table(head, rows, words=3)


def _groups(figures: Figures) -> Html:
    names = list(figures[0].figures)
    head: list[Child] = [
        *(["time"] if figures.bucket else []),
        *(one_line(name).replace("_", " ") for name in figures.by),
        *(one_line(figures[0][name].title) for name in names),
    ]
    rows: list[list[Child]] = [
        [
            *([when(group.bucket)] if figures.bucket else []),
            *(one_line(group.by.get(name) or NOT_TOLD, limit=80) for name in figures.by),
            *(_cell(group.figures[name]) for name in names),
        ]
        for group in figures[:ROWS]
    ]
    words = len(figures.by) + bool(figures.bucket)
    return _scrolled(table(head, rows, words=words), shown=len(rows), of=len(figures))


def _turned(figures: Figures) -> Html:
    """A figure a line and a group a column: for more figures than fit beside each other."""
    some = figures[:COLUMNS]
    head: list[Child] = ["figure", *(one_line(group_name(group), limit=40) for group in some)]
    rows: list[list[Child]] = [
        [tag("b", one_line(figure.title)), *(_cell(group.figures[name]) for group in some)]
        for name, figure in some[0].figures.items()
    ]
    return _scrolled(table(head, rows, words=1), shown=len(some), of=len(figures))


def _scrolled(shown_table: Html, *, shown: int, of: int) -> Html:
    rest = tag("div", f"{shown} of {of} shown.", css="qd-dim") if of > shown else NOTHING
    return joined(tag("div", shown_table, css="qd-scroll"), rest)


def _cell(figure: Figure) -> Html:
    """The value; under it how sure that is, and of how many."""
    beneath = [between(figure)] if figure.interval else []
    beneath += [f"of {of_words(figure)}"] if figure.n is not None else []
    return joined(
        _bar(figure),
        " ",
        _value(figure),
        tag("div", " ".join(beneath), css="qd-dim") if beneath else None,
    )


def _value(figure: Figure) -> Html:
    said = value_words(figure)
    return span("dim", said) if figure.value is None else tag("b", said)


def _bar(figure: Figure) -> Html:
    """A rate's interval from 0 to 100 %, and the rate in it.  Nothing for other figures."""
    if figure.unit != "rate" or figure.interval is None or figure.value is None:
        return NOTHING
    low, high = _percent(figure.interval.low), _percent(figure.interval.high)
    return span(
        "bar",
        tag("i", width=f"left:{low:.1f}%;width:{max(high - low, 1):.1f}%"),
        tag("b", width=f"left:{_percent(float(figure.value)):.1f}%"),
    )


def _percent(share: float) -> float:
    return min(100.0, max(0.0, share * 100))


def _meanings(group: Group) -> Html:
    """Under a split: what the columns mean."""
    items = [
        tag("li", tag("b", one_line(figure.title)), f": {one_line(figure.definition)}")
        for figure in group.figures.values()
    ]
    return tag("div", tag("ul", *items, css="qd-l"), css="qd-sec qd-dim")
