"""
Reading from a notebook or a script: sessions and figures, typed, from the public API.

What is asked here a person asked for, so it raises: `NotFound`, `Unauthorized`, `TryAgain` and
the other `QuarterdeckError`s, with the next step as a note on the traceback.  (The verbs that
run inside an agent never do.)  Where the server is, and the key, are those of `qd.init()`, else
QUARTERDECK_URL and QUARTERDECK_API_KEY.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, Unpack

import msgspec

from quarterdeck.errors import Invalid, QuarterdeckError
from quarterdeck.model.ids import public_id
from quarterdeck.sdk.client import Client, Params, segment
from quarterdeck.sdk.reading.asking import Filters, Words, parameters, words
from quarterdeck.sdk.reading.figures import Figures, read_figures
from quarterdeck.sdk.reading.frames import make_frame
from quarterdeck.sdk.reading.pages import Page, Paged
from quarterdeck.sdk.reading.records import RecordFields, SpanLine, Step, TreeNode, read_as
from quarterdeck.sdk.reading.session_rows import COLUMNS, frame_row, text_line

MOST_ROWS = 200
"""Of one page of sessions or steps: the server's own bound."""
MOST_SPANS = 10_000
"""Of one page: about 2 MB."""
Item = TypeVar("Item")


class SessionRecord(RecordFields, frozen=True, kw_only=True, dict=True):
    """
    One session: what docs/reference/session-record.md tells, and the way to its details.

    Equal if all that is known of both is equal.
    """

    @classmethod
    def from_json(cls, told: bytes | dict[str, Any]) -> SessionRecord:
        """A record from a file or an export; its details can't be asked for."""
        return _record(told, None)

    @property
    def json(self) -> dict[str, Any]:
        """The record as the server told it: every key, instants to the nanosecond."""
        told = self.__dict__.get("told")
        return dict(json.loads(told) if isinstance(told, bytes) else told or {})

    def steps(self, *, content: bool = False) -> Paged[Step]:
        """
        What happened, in order of time; asked for in pages as you go through it.

        With `content`, whole messages, arguments and results instead of their beginnings.
        """
        client, path = self._source()
        return Paged(_step_pages(client, f"{path}/steps", content=content))

    def spans(self) -> Paged[SpanLine]:
        """The spans without their payloads, by start."""
        client, path = self._source()
        return Paged(_span_pages(client, f"{path}/spans"))

    def tree(self) -> TreeNode:
        """The decision tree.  Asked for once, then remembered."""
        known = self.__dict__.get("tree_root")
        if known is None:
            client, path = self._source()
            with hinted():
                known = read_as(TreeNode, client.get_json(f"{path}/tree").get("root"))
            self.__dict__["tree_root"] = known
        assert isinstance(known, TreeNode)  # noqa: S101 - for the type checker
        return known

    def __repr__(self) -> str:
        return f"<{text_line(self)}>"

    def __str__(self) -> str:
        return text_line(self)

    def _repr_html_(self) -> str:
        from quarterdeck.sdk.reading.html_session import session_html

        try:
            tree, trouble = self.tree(), ""
        except QuarterdeckError as error:  # the record itself is here, and is shown
            tree, trouble = None, error.message
        return session_html(self, tree=tree, trouble=trouble)

    def _source(self) -> tuple[Client, str]:
        client = self.__dict__.get("client")
        if not isinstance(client, Client):
            raise Invalid(
                f"session {self.session_id!r} was read from JSON: its details are on the server",
                hint=f"qd.get_session({self.session_id!r}) reads them there.",
            )
        return client, f"/api/v1/sessions/{segment(self.session_id)}"


class Sessions(Paged[SessionRecord]):
    """
    Sessions in the order asked for.  A list: `len`, indexes, slices, iteration.

    Only the first page is fetched at once; `limit=None` goes on for as long as it is read.
    """

    def frame(self, backend: str | None = None) -> Any:
        """
        One row for each session; fetches all of them.  `backend` is pandas, polars or pyarrow;
        the first that is installed if left out.  docs/how-to/read-in-a-notebook.md lists the
        columns.
        """
        return make_frame(COLUMNS, [frame_row(session) for session in self], backend)

    def _repr_html_(self) -> str:
        from quarterdeck.sdk.reading.html_tables import sessions_html

        return sessions_html(self.fetched if self else (), more=self.more)


def sessions(
    q: str | None = None,
    *,
    sort: str | None = None,
    limit: int | None = 100,
    client: Client | None = None,
    **filters: Unpack[Filters],
) -> Sessions:
    """
    Sessions that pass all filters, newest first.

    `q` is the filter language of docs/reference/api.md.  `since` and `until` bound the beginning
    (until is exclusive); `status`, `outcome`, `task`, `task_type`, `workflow`, `version`,
    `environment`, `agent`, `model`, `tool`, `user`, `human`, `session`, `case`, `trial` and
    `finding` take one value or several of which any counts, `tag` several that all must be
    there; `has_intervention`, `has_errors` and `experiment` are yes or no; `min_cost` and
    `max_cost` are USD, inclusive.  `sort` is started, last_seen, cost, duration, errors,
    interventions, spans or tokens, with `-` before it for most first.  `limit` None: all.
    """
    if limit is not None and limit < 1:
        raise Invalid(f"limit is {limit}", hint="A number from 1, or None for all.")
    told = {**parameters(q, filters), "sort": sort}
    source = client or default_client()
    found = Sessions(_session_pages(source, told, limit=limit), limit=limit)
    bool(found)  # a misspelled filter is told now, and not where the list is first used
    return found


def get_session(session_id: str, *, client: Client | None = None) -> SessionRecord:
    """
    The session of that id, which may be written as the agent sent it.  Raises `NotFound`.
    """
    source = client or default_client()
    with hinted():
        return _record(source.get(f"/api/v1/sessions/{segment(public_id(session_id))}"), source)


def figures(
    *names: str,
    by: Words | None = None,
    bucket: str | None = None,
    k: int | Iterable[int] | None = None,
    q: str | None = None,
    client: Client | None = None,
    **filters: Unpack[Filters],
) -> Figures:
    """
    Rates and sums over the sessions that pass the filters; the usual ones if none is named.

    `by` splits by at most two of task_type, workflow, version, environment, agent, model, tool,
    user, outcome, status, case, tag, finding; `bucket` by hour, day or week.  `k`: pass^k and
    pass@k of these numbers of trials.  Filters as for `sessions`.
    """
    told: Params = {
        **parameters(q, filters),
        "figure": list(names),
        "by": words(by),
        "bucket": bucket,
        "k": words(k),
    }
    source = client or default_client()
    with hinted():
        return read_figures(source.get_json("/api/v1/figures", told))


def default_client() -> Client:
    """Where `qd.init()` sends to, else what the environment says."""
    if "quarterdeck.sdk.runtime" in sys.modules:  # else nobody called it, and it is not cheap
        from quarterdeck.sdk import runtime

        if runtime.running is not None:
            options = runtime.running.options
            return Client(url=options.url, api_key=options.api_key)
    return Client.from_environment()


@contextmanager
def hinted() -> Iterator[None]:
    """An error's next step is printed beneath its traceback."""
    try:
        yield
    except QuarterdeckError as error:
        if error.hint:
            error.add_note(error.hint)
        raise


class _SessionPage(msgspec.Struct, frozen=True):
    sessions: list[dict[str, Any]] = []
    next_cursor: str | None = None


def _record(told: bytes | dict[str, Any], client: Client | None) -> SessionRecord:
    record = read_as(SessionRecord, told)
    record.__dict__.update(told=told, client=client)
    return record


def _session_pages(
    client: Client, asked: Params, *, limit: int | None
) -> Iterator[Page[SessionRecord]]:
    cursor: str | None = None
    rows = MOST_ROWS if limit is None else max(1, min(limit, MOST_ROWS))
    while True:
        with hinted():
            told = client.get_json("/api/v1/sessions", {**asked, "cursor": cursor, "limit": rows})
            page = read_as(_SessionPage, told)
        cursor = page.next_cursor
        yield Page([_record(row, client) for row in page.sessions], more=bool(cursor))
        if not cursor:
            return


def _step_pages(client: Client, path: str, *, content: bool) -> Iterator[Page[Step]]:
    first: int | None = 1
    while first is not None:
        with hinted():
            told = client.get_json(path, {"from": first, "limit": MOST_ROWS, "content": content})
            steps = read_as(list[Step], told.get("steps"))
        first = told.get("next_from")
        yield Page(steps, more=first is not None)


def _span_pages(client: Client, path: str) -> Iterator[Page[SpanLine]]:
    cursor: str | None = None
    while True:
        with hinted():
            told = client.get_json(path, {"cursor": cursor, "limit": MOST_SPANS})
            spans = read_as(list[SpanLine], told.get("spans"))
        cursor = told.get("next_cursor")
        yield Page(spans, more=bool(cursor))
        if not cursor:
            return
