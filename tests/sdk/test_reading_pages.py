"""A list in pages is the list; a page of HTML is bounded, whatever the session is."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.sdk.reading.html import Html, tag
from quarterdeck.sdk.reading.html_session import session_html
from quarterdeck.sdk.reading.pages import Page, Paged
from quarterdeck.sdk.reading.records import (
    ErrorEpisode,
    Intervention,
    Problem,
    RecordFields,
    ToolUse,
    TreeNode,
)


def pages(items: list[int], size: int) -> Iterator[Page[int]]:
    for at in range(0, len(items), size):
        yield Page(items[at : at + size], more=at + size < len(items))


ends = st.none() | st.integers(-12, 12)


@given(st.integers(0, 10), st.integers(1, 4), st.none() | st.integers(1, 12), ends, ends)
def test_a_list_in_pages_is_the_list(
    length: int, size: int, limit: int | None, start: int | None, stop: int | None
) -> None:
    items = list(range(length))
    expected = items if limit is None else items[:limit]

    def paged() -> Paged[int]:
        return Paged(pages(items, size), limit=limit)

    assert paged()[start:stop] == expected[start:stop]
    assert paged()[start:stop:2] == expected[start:stop:2]
    assert list(paged()) == expected
    assert len(paged()) == len(expected)
    assert bool(paged()) == bool(expected)
    complete = paged()
    len(complete)
    assert complete.more == (len(expected) < length)
    if stop is not None and -len(expected) <= stop < len(expected):
        assert paged()[stop] == expected[stop]
    elif stop is not None:
        with pytest.raises(IndexError):
            paged()[stop]


def test_only_what_is_needed_is_fetched() -> None:
    asked: list[int] = []

    def counted() -> Iterator[Page[int]]:
        for number in range(100):
            asked.append(number)
            yield Page([number], more=True)

    some: Paged[int] = Paged(counted())
    assert asked == []
    assert some[2] == 2
    assert some[1:4] == [1, 2, 3]
    assert asked == [0, 1, 2, 3]


def test_what_is_not_made_here_is_escaped() -> None:
    inner = tag("b", "a < b & c")
    assert inner == "<b>a &lt; b &amp; c</b>"
    assert tag("p", inner, "<b>", None, css='"x') == (f'<p class="&quot;x">{inner}&lt;b&gt;</p>')
    assert isinstance(inner, Html)
    assert not isinstance(inner + "<i>", Html)


def test_the_page_of_any_session_is_bounded() -> None:
    text = "<&>" * 5_000
    node = TreeNode(kind="tool", label=text)
    wide = TreeNode(kind="agent", label=text, children=(node,) * 200)
    tree = TreeNode(kind="start", label=text, children=(wide,) * 50)
    for _ in range(40):
        tree = TreeNode(kind="loop", label=text, children=(tree, wide))
    session = RecordFields(
        session_id=text,
        task=text,
        tags=(text,) * 500,
        tool_calls=(ToolUse(tool=text),) * 500,
        episodes=(ErrorEpisode(operation=text, reason=text),) * 500,
        error_episodes=9_000,
        interventions=(Intervention(kind=text, question=text, answer=text),) * 500,
        problems=(Problem(key=text, message=text),) * 100,
        problem_count=9_000,
    )
    html = session_html(session, tree=tree)
    assert len(html) < 300_000
    assert "Errors: 9,000 episodes" in html
    assert "and 488 more" in html
    assert "more: session.tree()" in html
