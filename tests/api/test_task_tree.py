"""The tree of a task type, its sessions, comparing, and what differs, through the API."""

from typing import Any

import pytest

from api.conftest import World, bearer
from api.made import S, raw
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.jobs.sketching import Kept, sketched
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.sketches import NO_SKETCH
from quarterdeck.model.spans import RawSpan
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.storage.events.session_writes import SessionRow, write_sessions
from quarterdeck.storage.events.span_writes import SpanRow, write_spans

ACME = ProjectId("acme")
_TOOLS = {"t": "run_tests", "e": "edit", "p": "push"}


def session(n: int, word: str, *, outcome: str, version: str = "1") -> list[RawSpan]:
    """An agent whose model calls ask for the tools of `word`; capital letters fail."""
    name = f"s-{n:03}"
    spans = [
        raw(
            1, trace=n, name="invoke_agent coder", took_ns=99 * S, session__id=name,
            gen_ai__operation__name="invoke_agent", gen_ai__agent__name="coder",
            quarterdeck__task=f"port module {n}", quarterdeck__task_type="port",
            quarterdeck__outcome=outcome, quarterdeck__workflow__name="porter",
            quarterdeck__workflow__version=version,
        )
    ]  # fmt: skip
    for at, letter in enumerate(word, 1):
        at_ns = spans[0].start_ns + 2 * at * S
        spans.append(
            raw(
                2 * at,
                trace=n,
                parent=1,
                name="chat gpt-4o",
                start_ns=at_ns,
                gen_ai__operation__name="chat",
                gen_ai__request__model="gpt-4o",
                gen_ai__provider__name="openai",
                gen_ai__usage__input_tokens=100,
                gen_ai__usage__output_tokens=20,
                gen_ai__input__messages='[{"role":"user","parts":[{"type":"text",'
                f'"content":"port module {n}"}}]}}]',
                gen_ai__output__messages='[{"role":"assistant","parts":[{"type":"text",'
                f'"content":"done with {n}"}}],"finish_reason":"stop"}}]',
            )
        )
        spans.append(
            raw(
                2 * at + 1, trace=n, parent=1, name="execute_tool",
                start_ns=at_ns + S,
                status=2 if letter.isupper() else 1, gen_ai__operation__name="execute_tool",
                gen_ai__tool__name=_TOOLS[letter.lower()],
                gen_ai__tool__call__arguments='{"path": "src/main.py"}',
            )
        )  # fmt: skip
    return spans


def keep(world: World, *sessions: list[RawSpan], is_read: bool = True) -> None:
    """Each with its sketch, as the keeper writes it."""
    kept: list[SessionRow] = []
    rows: list[SpanRow] = []
    for raws in sessions:
        its = [SpanRow(ACME, normalize_span(one), one, world.clock()) for one in raws]
        rows += its
        assembly = Assembly()
        assembly.add(row.span for row in its)
        made = assembly.session(now_ns=world.clock())
        by_key = {(one.trace_id, one.span_id): one for one in raws}
        found = sketched(
            Kept(), assembly, made, at_hand=by_key, fetch=by_key.get, finishing=True
        ).sketch
        kept.append(SessionRow(ACME, made, world.clock(), sketch=found if is_read else NO_SKETCH))
    write_spans(world.events, rows, token="")
    write_sessions(world.events, kept)


@pytest.fixture
def ported(world: World) -> World:
    """Forty sessions: whoever runs the tests first nearly always succeeds, who pushes first not."""
    sessions = []
    for n in range(40):
        careful = n % 2 == 0
        word = ("teT" if n % 4 else "tet") if careful else "pe"
        outcome = "success" if careful and n % 10 else "failure"
        sessions.append(session(n, word, outcome=outcome, version="1" if n < 20 else "2"))
    keep(world, *sessions)
    return world


async def get(world: World, path: str, **params: Any) -> Any:
    headers = bearer(world.key("acme", "read"))
    async with world.client(headers=headers) as client:
        found = await client.get(f"/api/v1{path}", params=params)
    assert found.status_code == 200, found.text
    return found.json()


async def test_a_tree_tells_ways_with_success_and_where_sessions_fail(ported: World) -> None:
    tree = await get(ported, "/tasks/port/tree")
    assert (tree["sessions"], tree["read"], tree["not_yet_read"]) == (40, 40, 0)
    ways = {(node["label"], node["depth"]): node for node in tree["nodes"]}
    careful, hasty = ways["run_tests: *.py", 1], ways["push: *.py", 1]
    assert (careful["sessions"], careful["outcomes"]["success"]) == (20, 16)
    assert (hasty["sessions"], hasty["outcomes"]["failure"]) == (20, 20)
    assert careful["success"]["interval"]["method"] == "wilson"
    [spot] = tree["hot_spots"]["failing"]
    assert (spot["node"], spot["failure"]["value"]) == (hasty["id"], 1.0)
    assert spot["difference"]["low"] > 0
    assert not tree["hot_spots"]["nothing_stands_out"]


@pytest.mark.parametrize(
    ("written", "name"),
    [("a~1b", "a/b"), ("a~2b~01", "a\\b~1"), ("~3~3", ".."), ("~", "~"), ("50~9", "50~9")],
)
async def test_a_task_type_with_a_slash_has_a_tree(world: World, written: str, name: str) -> None:
    assert (await get(world, f"/tasks/{written}/tree"))["task_type"] == name


async def test_the_sessions_of_a_node_are_rows_of_the_list_in_pages(ported: World) -> None:
    tree = await get(ported, "/tasks/port/tree")
    node = next(node for node in tree["nodes"] if node["label"] == "push: *.py")
    ids: list[str] = []
    cursor = ""
    while True:
        page = await get(
            ported, "/tasks/port/tree/sessions", node=node["id"], limit=7, cursor=cursor
        )
        ids += [row["session_id"] for row in page["sessions"]]
        cursor = page["next_cursor"] or ""
        if not cursor:
            break
    assert sorted(ids) == [f"s-{n:03}" for n in range(1, 40, 2)]
    assert page["total"] == 20
    assert page["sessions"][0]["asked"].startswith("port module")


async def test_rare_branches_fold_into_one_that_opens_into_them(ported: World) -> None:
    tree = await get(ported, "/tasks/port/tree", min_share=0.6)
    [others] = [node for node in tree["nodes"] if node["kind"] == "others"]
    assert (others["sessions"], others["folded"]) == (40, 2)
    inside = await get(ported, "/tasks/port/tree", min_share=0.6, node=others["id"])
    below = [node for node in inside["nodes"] if node["parent"] == others["id"]]
    assert sorted(node["sessions"] for node in below) == [20, 20]
    rows = await get(ported, "/tasks/port/tree/sessions", node=others["id"], min_share=0.6)
    assert rows["total"] == 40


async def test_two_versions_stand_side_by_side(ported: World) -> None:
    tree = await get(ported, "/tasks/port/tree", compare="version:1..2", group="tool")
    assert [(side["label"], side["sessions"]) for side in tree["compare"]] == [("1", 20), ("2", 20)]
    root = tree["nodes"][0]["compare"]
    assert (root["a"]["sessions"], root["b"]["sessions"]) == (20, 20)
    assert root["success"]["verdict"] in ("no_difference_found", "not_enough_data")
    assert tree["compare_confidence"] > 0.95


async def test_sessions_that_were_not_read_are_told_as_a_number(ported: World) -> None:
    keep(ported, session(77, "te", outcome="success"), is_read=False)
    tree = await get(ported, "/tasks/port/tree")
    assert (tree["sessions"], tree["read"], tree["not_yet_read"]) == (41, 40, 1)
    others = await get(ported, "/sessions/s-077/steps/2/others")
    assert (others["node"], others["sessions"]) == (None, 0)


async def test_others_here_tells_what_sessions_did_next(ported: World) -> None:
    found = await get(ported, "/sessions/s-002/steps/3/others")
    assert (found["label"], found["sessions"]) == ("run_tests: *.py", 20)
    assert [(way["label"], way["sessions"], way["is_this"]) for way in found["ways"]] == [
        ("edit: *.py", 20, True)
    ]


async def test_two_sessions_part_where_they_decide_differently(ported: World) -> None:
    found = await get(ported, "/sessions/s-000/compare/s-002")
    assert found["parting"]["a"]["status"] == "ok"
    assert found["parting"]["b"]["status"] == "error"
    assert found["parting"]["same_before"] == 6
    seen = found["parting"]["input"]
    assert [(one["a"], one["b"]) for one in seen["changed"]] == [("port module 0", "port module 2")]
    assert (await get(ported, "/sessions/s-000/compare/s-000"))["parting"] is None


async def test_what_differs_is_told_with_intervals_or_that_nothing_does(ported: World) -> None:
    found = await get(ported, "/sessions/differs", q="outcome:failure")
    assert (found["selected"], found["rest"]) == (24, 16)
    told = {(one["field"], one["value"]): one for one in found["differing"]}
    assert told["tool", "push"]["verdict"] == "more_often"
    assert told["tool", "push"]["interval"]["low"] > 0
    assert ("outcome", "failure") not in told
    nothing = await get(ported, "/sessions/differs", version="1")
    assert nothing["nothing_stands_out"]


async def test_starts_and_facets_add_up_to_the_list(ported: World) -> None:
    starts = await get(ported, "/sessions/starts")
    assert sum(bucket["sessions"] for bucket in starts["buckets"]) == 40
    facets = (await get(ported, "/sessions/facets"))["facets"]
    [push] = [one for one in facets["tool"] if one["value"] == "push"]
    assert (push["sessions"], push["known"], push["failures"]) == (20, 20, 20)


async def test_a_row_of_the_list_shows_what_was_asked_and_came_back(ported: World) -> None:
    [row] = (await get(ported, "/sessions", session="s-002"))["sessions"]
    assert (row["asked"], row["answered"]) == ("port module 2", "done with 2")
    assert row["error"] == "run_tests failed"
    assert row["shape"] == "amtmtmx"
