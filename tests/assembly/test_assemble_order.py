"""Assembly is a pure function of the set of spans: not of order, repetition or batches."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assembly.spans_at_random import sessions_of_spans
from quarterdeck.assembly.assemble import Assembly, assemble
from quarterdeck.model.spans import Span

NOW_NS = 10**15


@settings(deadline=None, max_examples=1200, suppress_health_check=[HealthCheck.too_slow])
@given(spans=sessions_of_spans, data=st.data())
def test_any_order_repetition_and_batching_assembles_to_the_same_session(
    spans: list[Span], data: st.DataObject
) -> None:
    at_once = assemble(spans, now_ns=NOW_NS)
    shuffled = data.draw(st.permutations(spans + spans[: len(spans) // 2]))
    cuts = data.draw(st.lists(st.integers(0, len(shuffled)), max_size=4).map(sorted))
    assembly = Assembly()
    last = 0
    for cut in [*cuts, len(shuffled)]:
        assembly.add(shuffled[last:cut])
        assembly.session(now_ns=NOW_NS)
        last = cut
    assert assembly.session(now_ns=NOW_NS) == at_once


@settings(deadline=None, max_examples=800, suppress_health_check=[HealthCheck.too_slow])
@given(spans=sessions_of_spans)
def test_spans_one_by_one_in_reverse_assemble_to_the_same_session(spans: list[Span]) -> None:
    assembly = Assembly()
    for span in reversed(spans):
        assembly.add([span])
        assembly.session(now_ns=NOW_NS)
    assert assembly.session(now_ns=NOW_NS) == assemble(spans, now_ns=NOW_NS)
