"""Every key of the session record is in docs/reference/session-record.md."""

import re
from pathlib import Path

from quarterdeck.assembly.record import to_json
from quarterdeck.model.handoffs import Handoff
from quarterdeck.model.interventions import Intervention
from quarterdeck.model.scores import Score
from quarterdeck.model.sessions import ErrorEpisode, ModelUse, Retry, Session, ToolUse

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "session-record.md"

FULL = Session(
    session_id="s",
    models=(
        ModelUse(
            model="m",
            provider="p",
            role="",
            calls=1,
            errors=0,
            input_tokens=0,
            output_tokens=0,
            cache_read_tokens=0,
            cache_write_tokens=0,
            reasoning_tokens=0,
            calls_without_usage=0,
            cost_usd=None,
            unpriced_calls=0,
        ),
    ),
    tools=(ToolUse(tool="t", calls=1, errors=0, denied=0),),
    handoffs=(Handoff(source="a", target="b", kind="spawns", at_ns=1),),
    interventions=(Intervention(kind="approval", at_ns=1),),
    episodes=(
        ErrorEpisode(operation="tool:t", target="", opened_ns=1, trace_id="", span_id="", errors=1),
    ),
    retries=(
        Retry(kind="retry", source="m", target="m", reason="", at_ns=1, trace_id="", span_id=""),
    ),
    scores=(Score(name="n"),),
)


def keys(value: object) -> set[str]:
    match value:
        case dict():
            return set(value) | {key for inner in value.values() for key in keys(inner)}
        case list():
            return {key for inner in value for key in keys(inner)}
        case _:
            return set()


def test_every_key_of_the_record_is_documented() -> None:
    documented = set(re.findall(r"`([a-z_]+)`", PAGE.read_text()))
    assert keys(to_json(FULL)) - documented == set()
