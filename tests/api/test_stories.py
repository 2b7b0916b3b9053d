"""What was worked out of a session serves who asks next, and never for another revision."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar, cast

import httpx

from api.conftest import World, bearer
from api.made import T0, S, conversation, raw, store
from quarterdeck.api.access import Principal
from quarterdeck.api.parts import Parts
from quarterdeck.api.stories import STORED_FROM, Stories
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.story import page_json
from quarterdeck.model.ids import ProjectId, SessionId
from quarterdeck.model.spans import RawSpan
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import get_session
from quarterdeck.storage.events.span_reads import session_spans
from quarterdeck.storage.events.stories import get_revised, read_story

ACME = ProjectId("acme")
WHO = Principal(actor="test", project_id=ACME)
SCOPE = ProjectScope(project_id=ACME)
T = TypeVar("T")


def parts_of(world: World) -> Parts:
    return cast(Parts, world.app.state.parts)


def large() -> list[RawSpan]:
    """A session just large enough to be kept."""
    tools = [
        raw(n, trace=9, parent=1, name="execute_tool bash", start_ns=T0 + n * S,
            gen_ai__operation__name="execute_tool", gen_ai__tool__name="bash")
        for n in range(10, STORED_FROM + 8)
    ]  # fmt: skip
    return [*conversation("large", trace=9), *tools]


def is_kept(world: World) -> bool:
    revision = get_revised(world.events, SCOPE, "large").revision
    return bool(read_story(world.events, SCOPE, "large", revision))


def test_steps_that_took_a_minute_to_work_out_are_not_worked_out_for_every_page(
    world: World,
) -> None:
    store(world.events, "acme", conversation("s-1", trace=1), now_ns=world.clock())

    def minutes() -> Iterator[int]:
        now_ns = world.clock()
        while True:
            yield now_ns
            now_ns += 30 * S

    ticks = minutes()
    slow = replace(parts_of(world), now_ns=lambda: next(ticks))
    session = get_session(world.events, SCOPE, SessionId("s-1"))
    stories = Stories()
    first = stories.steps(slow, WHO, session)
    assert stories.steps(slow, WHO, session) is first


def test_a_story_is_of_the_last_revision(world: World) -> None:
    stories, parts = Stories(), parts_of(world)
    store(world.events, "acme", conversation("s-1", trace=1)[:2], now_ns=world.clock())
    assert stories.look(parts, WHO, "s-1").story.head.rows == 2
    store(world.events, "acme", conversation("s-1", trace=1), now_ns=world.clock() + 1)
    later = stories.look(parts, WHO, "s-1")
    assert later.story.head.rows == 3
    assert [story.head.rows for story in later.earlier] == [2]


def test_a_slow_story_may_lag_behind_a_session_that_grows_and_says_so(world: World) -> None:
    store(world.events, "acme", conversation("s-1", trace=1)[:2], now_ns=world.clock())
    clock = [world.clock()]

    def resident(
        project_id: ProjectId, trace_ids: Sequence[str], ask: Callable[[Assembly], T]
    ) -> T | None:
        clock[0] += S  # it takes a second
        return None

    parts = replace(parts_of(world), now_ns=lambda: clock[0], resident=resident)
    stories = Stories()
    first = stories.look(parts, WHO, "s-1")
    assert first.current == first.revision
    store(world.events, "acme", conversation("s-1", trace=1), now_ns=world.clock() + 1)
    clock[0] += 3 * S
    lagging = stories.look(parts, WHO, "s-1")
    assert (lagging.story.head.rows, lagging.current == lagging.revision) == (2, False)
    clock[0] += 2 * S
    assert stories.look(parts, WHO, "s-1").story.head.rows == 3


def test_a_large_session_is_kept_once_it_is_quiet_and_read_without_its_spans(world: World) -> None:
    session = store(world.events, "acme", large(), now_ns=world.clock())
    stories, parts = Stories(), parts_of(world)
    stories.written(ACME, [session], now_ns=world.clock())
    assert stories.make_ready(parts) == 0  # it may go on
    assert not is_kept(world)
    world.clock.forward(4 * S)
    assert stories.make_ready(parts) == 1
    assert stories.make_ready(parts) == 0
    assert is_kept(world)
    fresh = stories.look(parts, WHO, "large").story
    world.events.execute("DELETE FROM spans WHERE project_id = 'acme'")
    after_a_restart = Stories().look(parts, WHO, "large").story
    assert after_a_restart == fresh
    assert page_json(after_a_restart, {}) == page_json(fresh, {})


def test_a_kept_story_of_another_revision_is_not_believed(world: World) -> None:
    spans = large()
    session = store(world.events, "acme", spans[:-1], now_ns=world.clock())
    stories, parts = Stories(), parts_of(world)
    stories.written(ACME, [session], now_ns=world.clock() - 4 * S)
    assert stories.make_ready(parts) == 1
    store(world.events, "acme", spans, now_ns=world.clock() + 1)
    assert not is_kept(world)
    assert Stories().look(parts, WHO, "large").story.head.rows == len(spans)


def test_a_kept_story_is_not_shown_once_retention_takes_its_first_spans(world: World) -> None:
    session = store(world.events, "acme", large(), now_ns=world.clock())
    stories, parts = Stories(), parts_of(world)
    stories.written(ACME, [session], now_ns=world.clock() - 4 * S)
    assert stories.make_ready(parts) == 1
    revision = get_revised(world.events, SCOPE, "large").revision
    later = ProjectScope(project_id=ACME, floor_ns=T0 + S)
    assert read_story(world.events, later, "large", revision) == {}


def test_the_story_of_a_session_that_is_gone_goes_too(world: World) -> None:
    session = store(world.events, "acme", large(), now_ns=world.clock())
    stories, parts = Stories(), parts_of(world)
    stories.written(ACME, [session], now_ns=world.clock() - 4 * S)
    assert stories.make_ready(parts) == 1
    stories.gone(ACME, ["large", "never"])
    stories.make_ready(parts)
    assert not is_kept(world)


def test_a_story_is_made_of_the_assembly_that_is_in_memory(world: World) -> None:
    store(world.events, "acme", conversation("s-1", trace=1), now_ns=world.clock())
    whole = Stories().look(parts_of(world), WHO, "s-1").story
    assembly = Assembly()
    scope = ProjectScope(project_id=ACME)
    session = get_session(world.events, scope, SessionId("s-1"))
    assembly.add(session_spans(world.events, scope, session.trace_ids))
    world.events.execute("DELETE FROM spans WHERE project_id = 'acme'")

    def resident(
        project_id: ProjectId, trace_ids: Sequence[str], ask: Callable[[Assembly], T]
    ) -> T | None:
        assert (project_id, list(trace_ids)) == (ACME, list(session.trace_ids))
        return ask(assembly)

    parts = replace(parts_of(world), resident=resident)
    assert Stories().look(parts, WHO, "s-1").story == whole


async def test_who_has_a_page_of_the_skeleton_is_told_so(
    world: World, client: httpx.AsyncClient
) -> None:
    store(world.events, "acme", large(), now_ns=world.clock())
    headers = bearer(world.key("acme", "read"))
    path = "/api/v1/sessions/large/skeleton"
    first = await client.get(path, params={"limit": 1000, "ids": False}, headers=headers)
    told = first.json()
    assert (told["count"], told["total"], "span" in told) == (1000, STORED_FROM + 1, False)
    again = await client.get(path, params={"limit": 1000, "ids": False}, headers=headers)
    assert again.content == first.content
    has_it = headers | {"if-none-match": first.headers["etag"]}
    same = await client.get(path, params={"limit": 1000, "ids": False}, headers=has_it)
    assert (same.status_code, same.content) == (304, b"")
    other = await client.get(path, params={"limit": 1000}, headers=has_it)
    assert (other.status_code, other.json()["revision"]) == (200, told["revision"])
    plain = headers | {"accept-encoding": "identity"}
    bare = await client.get(path, params={"limit": 1000, "ids": False}, headers=plain)
    assert "content-encoding" not in bare.headers
    assert bare.json() == told


async def test_a_deleted_session_has_no_story(world: World, client: httpx.AsyncClient) -> None:
    store(world.events, "acme", large(), now_ns=world.clock())
    headers = bearer(world.key("acme"))
    path = "/api/v1/sessions/large"
    assert (await client.get(f"{path}/skeleton", headers=headers)).status_code == 200
    assert (await client.delete(path, headers=headers)).status_code == 200
    for view in ("skeleton", "steps", "live"):
        assert (await client.get(f"{path}/{view}", headers=headers)).status_code == 404
    assert world.events.rows("SELECT count() FROM stories")[0][0] == 0
