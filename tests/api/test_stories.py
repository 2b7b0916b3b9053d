"""What was worked out for one page of steps serves the next pages."""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from api.conftest import World
from api.made import S, conversation, store
from quarterdeck.api.access import Principal
from quarterdeck.api.parts import Parts
from quarterdeck.api.stories import Stories
from quarterdeck.model.ids import ProjectId, SessionId
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import get_session

ACME = ProjectId("acme")


def test_steps_that_took_a_minute_to_work_out_are_not_worked_out_for_every_page(
    world: World,
) -> None:
    """A freshness that runs from the beginning would have passed before the first answer."""
    store(world.events, "acme", conversation("s-1", trace=1), now_ns=world.clock())

    def minutes() -> Iterator[int]:
        now_ns = world.clock()
        while True:
            yield now_ns
            now_ns += 30 * S

    ticks = minutes()
    slow = replace(cast(Parts, world.app.state.parts), now_ns=lambda: next(ticks))
    session = get_session(world.events, ProjectScope(project_id=ACME), SessionId("s-1"))
    stories, who = Stories(), Principal(actor="test", project_id=ACME)
    first = stories.steps(slow, who, session)
    assert stories.steps(slow, who, session) is first
