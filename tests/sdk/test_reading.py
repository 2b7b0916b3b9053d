"""What a notebook reads: against a real server, with sessions that real OTLP brought."""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from cli.real_server import serving
from quarterdeck.errors import Invalid, NotFound, QuarterdeckError, TryAgain
from quarterdeck.sdk.client import Client
from quarterdeck.sdk.reading import verbs as reading
from quarterdeck.sdk.reading.verbs import SessionRecord
from sdk.sent_sessions import HOSTILE, SMALL, TRIALS, send_all

pytestmark = pytest.mark.real_server

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "read-in-a-notebook.md"
LARGE = SMALL + 3
ALLOWED_TAGS = {
    "b", "details", "div", "i", "li", "span", "style", "summary", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
}  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with serving(tmp_path_factory.mktemp("reading") / "data") as address:
        send_all(address)
        yield Client(url=address)


class CountedClient(Client):
    """Counts what is asked."""

    asked = 0

    def get(self, *args: Any, **options: Any) -> bytes:
        self.asked += 1
        return super().get(*args, **options)


# -- sessions ------------------------------------------------------------------------------------


def test_a_record_is_typed_and_unknown_is_none(client: Client) -> None:
    record = reading.get_session("port-billing", client=client)
    assert record.task == "Port the billing module to Rust"
    assert record.workflow.version == 14
    assert record.outcome.label == "success_partial"
    assert record.outcome.source == "agent"
    assert isinstance(record.cost.total_usd, Decimal)
    assert (record.cost.priced_calls, record.cost.unpriced_calls) == (2, 1)
    assert record.started_at is not None
    assert record.started_at.tzinfo is UTC
    assert record.ended_at is None
    assert record.units == {"lines": 412}
    assert [(one.source, one.target) for one in record.handoffs] == [("planner", "coder")]
    assert record.interventions[0].by == "alice@example.com"
    assert record.interventions[0].waited_s == 412.0
    unknown = reading.get_session("unknown", client=client)
    assert unknown.cost.total_usd is None
    assert unknown.models_used[0].input_tokens is None
    assert unknown.json["outcome"]["label"] == "unknown"


def test_an_id_is_written_as_the_agent_sent_it_and_a_missing_one_is_not_found(
    client: Client,
) -> None:
    with pytest.raises(NotFound):
        reading.get_session("tenant 1/no such", client=client)


def test_sessions_are_a_list_that_pages_by_itself(client: Client) -> None:
    some = reading.sessions(limit=7, client=client)
    assert len(some) == 7
    assert some.more
    everything = reading.sessions(limit=None, client=client)
    assert len(everything) == LARGE
    assert not everything.more
    assert len({session.session_id for session in everything}) == LARGE
    assert [session.session_id for session in everything[:7]] == [
        session.session_id for session in some
    ]
    assert everything[-1] == everything[LARGE - 1]
    exactly = reading.sessions(limit=LARGE, client=client)
    assert (len(exactly), exactly.more) == (LARGE, False)
    fewer = reading.sessions(limit=LARGE - 1, client=client)
    assert (len(fewer), fewer.more) == (LARGE - 1, True)


def test_only_the_pages_that_somebody_looks_at_are_asked_for(client: Client) -> None:
    counted = CountedClient(url=client.url)
    everything = reading.sessions(limit=None, client=counted)
    assert counted.asked == 1
    assert everything[0].session_id
    assert everything
    repr(everything)
    everything._repr_html_()
    assert counted.asked == 1
    assert [session.session_id for session in everything] == [
        session.session_id for session in everything
    ]
    assert counted.asked == 2


def test_filters_narrow_and_orders_order(client: Client) -> None:
    def ids(**asked: Any) -> list[str]:
        return [session.session_id for session in reading.sessions(client=client, **asked)]

    assert ids(agent="coder") == ["port-billing"]
    assert ids(has_intervention=True, tag=["rust", "nightly"]) == ["port-billing"]
    assert ids(outcome=["failure", "success_partial"], sort="-cost")[0] == "port-billing"
    assert ids(min_cost=0.0001) == ids(min_cost=Decimal("0.0001")) == ["port-billing"]
    assert ids(version=14, since=timedelta(hours=1)) == ["port-billing"]
    assert ids(q="-task_type:small outcome:unknown") == ["unknown"]
    assert ids(since="2999-01-01") == ids(since=date(2999, 1, 1)) == []
    assert ids(until=datetime(2020, 1, 1, tzinfo=UTC)) == []
    assert len(ids(since="1h", limit=3)) == 3


def test_a_wrong_question_is_refused_at_once_with_the_next_step(client: Client) -> None:
    with pytest.raises(Invalid) as refused:
        reading.sessions("outcom:failure", client=client)
    [note] = refused.value.__notes__
    assert "Fields: " in note
    with pytest.raises(Invalid, match="taks_type"):
        reading.sessions(taks_type="x", client=client)  # type: ignore[call-arg]
    with pytest.raises(Invalid, match="no time zone"):
        reading.sessions(since=datetime(2026, 4, 12), client=client)  # noqa: DTZ001
    with pytest.raises(Invalid, match="not an amount"):
        reading.sessions(min_cost="much", client=client)


def test_a_server_that_is_not_there_is_told_and_not_swallowed() -> None:
    nowhere = Client(url="http://127.0.0.1:9")
    with pytest.raises(TryAgain, match="no Quarterdeck answers"):
        reading.sessions(client=nowhere)


def test_the_environment_says_where_the_server_is(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTERDECK_URL", client.url)
    assert reading.get_session("unknown").session_id == "unknown"


# -- a session's details -------------------------------------------------------------------------


def test_steps_spans_and_tree_are_read_when_they_are_asked_for(client: Client) -> None:
    record = reading.get_session("port-billing", client=client)
    steps = record.steps()
    assert [step.number for step in steps] == list(range(1, record.step_count + 1))
    assert steps[1].preview == {"input": "How?", "output": "Types first."}
    whole = record.steps(content=True)[1]
    assert whole.preview is None
    assert whole.content["output_messages"][0]["parts"][0]["content"] == "Types first."
    spans = record.spans()
    assert len(spans) == record.span_count
    assert spans[0].end_ns is not None
    assert spans[0].end_ns > spans[0].start_ns > 10**18
    tree = record.tree()
    assert tree.label == "Port the billing module to Rust"
    assert tree.children[-1].label == "success_partial"
    assert record.tree() is tree


def test_a_record_from_a_file_is_equal_and_says_that_its_details_are_elsewhere(
    client: Client,
) -> None:
    record = reading.get_session("port-billing", client=client)
    again = SessionRecord.from_json(record.json)
    assert again == record
    with pytest.raises(Invalid, match="read from JSON"):
        again.steps()
    assert "the decision tree could not be read" in again._repr_html_().lower()


def test_a_newer_server_and_an_older_one_are_both_understood() -> None:
    record = SessionRecord.from_json(
        {"session_id": "s", "invented_later": {"a": 1}, "outcome": {"label": "postponed"}}
    )
    assert record.outcome.label == "postponed"
    assert record.task is None
    assert record.models_used == ()
    assert record.json["invented_later"] == {"a": 1}
    odd = SessionRecord.from_json({"session_id": "s", "started_at": "999999999999s"})
    assert odd.started_at is None
    with pytest.raises(QuarterdeckError, match="session_id"):
        SessionRecord.from_json(b'{"no": "session"}')


# -- figures -------------------------------------------------------------------------------------


def test_a_figure_comes_with_its_count_interval_and_definition(client: Client) -> None:
    figures = reading.figures(q="-task_type:small", client=client)
    rate = figures["human_intervention_rate"]
    assert rate.value == pytest.approx(2 / 3)
    assert rate.n == 3
    assert rate.interval is not None
    assert 0 < rate.interval.low < 2 / 3 < rate.interval.high < 1
    assert "at least one intervention" in rate.definition
    assert isinstance(figures["cost_usd"].value, Decimal)
    assert figures["cost_per_success"].value is None
    assert figures["sessions"].value == 3
    assert "66.7 %" in repr(figures)


def test_groups_are_told_apart_by_their_values(client: Client) -> None:
    figures = reading.figures(
        "sessions", "task_completion_rate", by="task_type", bucket="week", client=client
    )
    by_type = {group.by["task_type"]: group for group in figures}
    assert by_type["small"]["sessions"].value == SMALL
    assert by_type[None].sessions == 1
    assert by_type["small"].bucket is not None
    with pytest.raises(Invalid, match="which group"):
        figures["sessions"]
    nothing = reading.figures(by="model", since="2999-01-01", client=client)
    assert len(nothing) == 0
    assert "no sessions match" in repr(nothing)
    assert "No sessions match" in nothing._repr_html_()


def test_trials_have_pass_hat_k_and_pass_at_k_apart(client: Client) -> None:
    figures = reading.figures("sessions", case=["refund", "cancel"], k=[1, 3], client=client)
    assert figures[0].cases == 2
    hat, at = figures["pass_hat_3"], figures["pass_at_3"]
    assert (hat.value, at.value) == (0.5, 1.0)
    assert (hat.n, hat.left_out) == (2, 0)
    assert "pass^3" in figures._repr_html_()
    assert [session.trial for session in reading.sessions(case="refund", client=client)] == [
        2,
        1,
        0,
    ]


# -- frames --------------------------------------------------------------------------------------


def test_frames_have_one_row_a_session_with_null_for_unknown(client: Client) -> None:
    some = reading.sessions("-task_type:small", client=client)
    cost = float(reading.get_session("port-billing", client=client).cost.total_usd or 0)
    pandas = some.frame("pandas").set_index("session_id")
    assert pandas.loc["port-billing", "cost_usd"] == pytest.approx(cost)
    assert pandas["cost_usd"].isna().sum() == 2
    assert pandas["cost_usd"].sum() == pytest.approx(cost)
    assert pandas.loc["unknown", "input_tokens"] is pd.NA
    assert pandas.loc["port-billing", "input_tokens"] == 3130
    assert str(pandas["started_at"].dtype) == "datetime64[us, UTC]"
    polars = some.frame("polars")
    assert isinstance(polars, pl.DataFrame)
    unknown = polars.row(by_predicate=pl.col("session_id") == "unknown", named=True)
    assert (unknown["cost_usd"], unknown["input_tokens"]) == (None, None)
    assert (unknown["model_calls"], unknown["unpriced_calls"]) == (1, 1)
    assert polars["tool_errors"].sum() == 1 + len(HOSTILE)
    arrow = some.frame("pyarrow")
    assert isinstance(arrow, pa.Table)
    assert arrow.column_names == list(polars.columns) == ["session_id", *pandas.columns]


def test_an_empty_frame_has_its_columns_and_types(client: Client) -> None:
    nothing = reading.sessions(since="2999-01-01", client=client)
    assert nothing.frame("polars").schema["cost_usd"] == pl.Float64
    assert list(nothing.frame("pandas").columns) == nothing.frame("polars").columns


def test_a_frame_of_figures_has_one_row_a_group_and_figure(client: Client) -> None:
    names = ("task_completion_rate", "cost_per_task")
    figures = reading.figures(*names, by="task_type", client=client)
    frame = figures.frame("polars")
    assert frame.columns == [
        "task_type", "sessions", "figure", "unit", "value", "n", "left_out", "low", "high",
    ]  # fmt: skip
    assert len(frame) == len(figures) * len(names)
    of_small = frame.filter(pl.col("task_type") == "small")
    rate, cost = (of_small.row(at, named=True) for at in (0, 1))
    assert rate["value"] == pytest.approx(4 / TRIALS)
    assert rate["low"] < rate["value"] < rate["high"]
    assert rate["n"] == TRIALS
    assert (cost["value"], cost["n"], cost["low"]) == (None, 0, None)
    assert len(figures.frame("pandas")) == len(frame)


def test_a_frame_without_its_library_names_the_extra(client: Client) -> None:
    code = (
        "import sys; sys.modules['narwhals'] = None\n"
        "from quarterdeck.sdk.reading.frames import make_frame\n"
        "from quarterdeck.errors import Misconfigured\n"
        "try: make_frame((), (), 'pandas')\n"
        "except Misconfigured as error: print(error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'quarterdeck[notebook]'" in done.stdout
    with pytest.raises(Invalid, match="no frames of 'excel'"):
        reading.sessions(limit=1, client=client).frame("excel")


# -- the how-to ----------------------------------------------------------------------------------


def test_the_page_about_notebooks_does_what_it_says(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QUARTERDECK_URL", client.url)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        exec(compile(block, PAGE.name, "exec"), names)
    assert [session.session_id for session in names["failed"]] == ["hostile"]
    assert names["session"].outcome.label == "success_partial"
    assert names["rate"].n == 2 + TRIALS
    assert len(names["frame"]) == LARGE
    assert "tool run_tests" in capsys.readouterr().out


# -- pages ---------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """Which elements and attributes a browser would make of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def pages(client: Client) -> Iterator[str]:
    yield reading.get_session("hostile", client=client)._repr_html_()
    yield reading.sessions("-task_type:small", client=client)._repr_html_()
    yield reading.figures("sessions", "tool_call_accuracy", by="tool", client=client)._repr_html_()
    yield reading.figures(client=client)._repr_html_()
    yield reading.figures(by="tool", bucket="day", client=client)._repr_html_()


def test_no_text_of_a_session_becomes_html(client: Client) -> None:
    for html in pages(client):
        read = Tags(html)
        assert read.tags <= ALLOWED_TAGS
        assert {name for name, _ in read.attributes} <= {"class", "style", "title", "open"}
        assert read.open == []
        for value in (value for name, value in read.attributes if name == "style"):
            assert re.fullmatch(r"left:[\d.]+%(;width:[\d.]+%)?", value)
        assert not re.search(r"url\(|@import|//", read.text.split("}\n")[0])
        assert "\x1b" not in html
        assert "\u202e" not in html
    hostile = Tags(next(pages(client))).text
    assert all(text in hostile for text in HOSTILE if text.isprintable())
    assert "\\x1b[2J" in hostile


def test_the_page_of_a_session_tells_what_matters(client: Client) -> None:
    text = Tags(reading.get_session("port-billing", client=client)._repr_html_()).text
    for said in (
        "Port the billing module to Rust",
        "success_partial, says the agent: 2 of 14 modules left",
        "1 of 3 calls unpriced (33%)",
        "412 lines",
        "planner → coder",
        "approval by alice@example.com, waited 6 min 52 s",
        "Merge into main?",
        "1 episode, 1 recovered",
        "Decisions",
    ):
        assert said in text, said


def test_a_terminal_gets_lines_without_escapes(client: Client) -> None:
    shown = repr(reading.sessions("-task_type:small", client=client))
    assert len(shown.splitlines()) == 3
    assert "\x1b" not in shown
    assert "◐ success_partial" in shown
    assert repr(reading.sessions(limit=None, client=client)).endswith("… and more")
    assert repr(reading.sessions(since="2999-01-01", client=client)) == "<Sessions: none>"
    hostile = reading.get_session("hostile", client=client)
    figures = reading.figures("tool_calls", by="tool", client=client)
    assert "\x1b" not in repr(hostile)
    for said in (repr(hostile.steps()), repr(hostile.spans()), repr(figures)):
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert "\\x1b[2J" in said
