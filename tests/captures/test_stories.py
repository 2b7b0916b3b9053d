"""The story that is kept of a recorded session tells what assembling it afresh tells."""

import json
from pathlib import Path

import pytest

from captures.load import recorded_requests, replay
from captures.test_captures import CAPTURES
from quarterdeck.assembly import story as telling
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.skeleton import draw, skeleton
from quarterdeck.assembly.steps import list_steps


@pytest.mark.parametrize("capture", CAPTURES)
def test_a_kept_story_tells_what_its_assembly_tells(capture: str, shared: Path) -> None:
    for one in replay(recorded_requests(shared / "captures" / capture)):
        assembly = Assembly()
        assembly.add(one.spans)
        made = telling.tell(draw(assembly), one.steps, rows_a_chunk=7, steps_a_chunk=3)
        kept = telling.read(made.parts())
        assert kept is not None
        assert kept.head.rows == one.session.span_count
        for since, limit in ((0, None), (0, 7), (5, 4), (7, 7), (kept.head.rows, 1)):
            told = json.loads(telling.page_json(kept, {}, since=since, limit=limit))
            fresh = json.loads(json.dumps(skeleton(assembly, since=since, limit=limit)))
            assert told == fresh
        assert telling.all_steps(kept) == list_steps(assembly)
