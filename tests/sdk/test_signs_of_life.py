"""What the server makes of a span that is told of several times before it ends."""

import itertools

from quarterdeck.assembly.assemble import Assembly
from quarterdeck.model.sessions import Session
from quarterdeck.model.spans import RawSpan, Span, Value
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.storage.events.span_writes import content_version

S = 1_000_000_000
BEGAN = 1_790_000_000 * S


def told(after_s: int, said: dict[str, Value] | None = None, *, partial: bool = True) -> RawSpan:
    """The root as its sender saw it so many seconds after its start."""
    return RawSpan(
        trace_id="ab" * 16,
        span_id="cd" * 8,
        name="session",
        start_ns=BEGAN,
        end_ns=BEGAN + after_s * S,
        attributes={
            "session.id": "s-1",
            "quarterdeck.kind": "session",
            **(said or {}),
            **({"quarterdeck.partial": True} if partial else {}),
        },
    )


VERSIONS = (
    told(1),
    told(31),
    told(61),
    told(40, {"quarterdeck.units.files": 1}),
    told(50, partial=False),
)
"""In the order in which a sender may tell them; the last is whole, though it says less."""


def version(raw: RawSpan) -> int:
    return content_version(normalize_span(raw), raw, repr(raw).encode())


def assembled(spans: list[Span], *, now_s: int = 70) -> Session:
    assembly = Assembly()
    for span in spans:
        assembly.add([span])
    return assembly.session(now_ns=BEGAN + now_s * S)


def test_a_snapshot_is_open_and_says_when_it_was_seen() -> None:
    span = normalize_span(told(31))
    assert (span.partial, span.end_ns, span.seen_ns) == (True, None, BEGAN + 31 * S)
    whole = normalize_span(told(31, partial=False))
    assert (whole.partial, whole.end_ns, whole.seen_ns) == (False, BEGAN + 31 * S, None)


def test_a_later_snapshot_beats_an_earlier_one_and_the_whole_span_beats_all() -> None:
    first, second, third, more, whole = (version(raw) for raw in VERSIONS)
    assert first < second < third < more < whole


def test_a_session_of_weeks_is_still_seen_later_than_before() -> None:
    hours = (1, 18, 19, 37, 38, 24 * 7, 24 * 365)
    heartbeats = [version(told(hour * 3600 + late)) for hour in hours for late in (0, 30)]
    assert heartbeats == sorted(set(heartbeats))
    assert version(told(3600, partial=False)) > heartbeats[-1]


def test_last_seen_follows_the_latest_sign_of_life_in_any_order() -> None:
    for order in itertools.permutations(VERSIONS[:3]):
        session = assembled([normalize_span(raw) for raw in order])
        assert session.last_seen_ns == BEGAN + 61 * S
        assert (session.status, session.open_spans, session.ended_ns) == ("open", 1, None)


def test_the_end_replaces_what_was_told_before_in_any_order() -> None:
    for order in itertools.permutations(VERSIONS):
        session = assembled([normalize_span(raw) for raw in order])
        assert session.last_seen_ns == BEGAN + 50 * S
        assert (session.status, session.open_spans) == ("closed", 0)


def test_a_session_that_went_silent_is_closed_then_and_claims_nothing() -> None:
    session = assembled([normalize_span(VERSIONS[2])], now_s=61 + 31 * 60)
    assert (session.status, session.open_spans) == ("closed", 1)
    assert session.ended_ns == session.last_seen_ns == BEGAN + 61 * S
    assert session.outcome.label not in ("success", "success_partial")


def test_ctrl_c_is_no_failure() -> None:
    span = normalize_span(told(3, {"error.type": "KeyboardInterrupt"}, partial=False))
    assert span.status == "cancelled"
    session = assembled([span])
    assert (session.outcome.label, session.outcome.source) == ("interrupted", "rule")
