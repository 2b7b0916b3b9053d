"""Which version of a span a session is made of: what the event store keeps."""

from itertools import permutations

from quarterdeck.assembly.assemble import assemble
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import Span


def version(*, parts: int, score: float) -> Span:
    return Span(
        trace_id="0" * 31 + "1",
        span_id="0" * 15 + "1",
        start_ns=1,
        end_ns=2,
        parts=parts,
        scores=(Score(name="rating", value=score, identifier="feedback:1"),),
    )


def test_a_span_of_which_more_is_known_counts_whatever_it_says_and_when_it_came() -> None:
    """A feedback that is changed says no more than before: what counts is that it came later."""
    versions = [version(parts=2, score=0.9), version(parts=3, score=0.1), version(parts=1, score=1)]
    for order in permutations(versions):
        session = assemble(order, now_ns=10)
        assert [score.value for score in session.scores] == [0.1]
