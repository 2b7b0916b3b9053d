"""Assembly costs O(new spans): counted in elementary computations, not in seconds."""

from assembly.made import S, agent, model, span, tool
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.model.spans import Span


def long_session(turns: int) -> list[Span]:
    """One trace: a root that ends last, turns with an agent, two calls and a failing tool each."""
    spans = []
    for n in range(turns):
        at = 10 * n
        spans += [
            model(f"m{n}", at, at + 1, tokens=(n, 7), usd="0.001", asks=(("read", f"c{n}"),),
                  input_hash=f"h{n}", parent=f"a{n}"),
            tool(f"t{n}", at + 2, at + 3, "read", tool_call_id=f"c{n}", target="/same",
                 status="error" if n % 3 == 0 else "ok", arguments_hash="same", parent=f"a{n}"),
            model(f"n{n}", at + 4, at + 5, tokens=(n, 7), usd="0.001", input_hash=f"i{n}",
                  parent=f"a{n}"),
            agent(f"a{n}", at, at + 6, f"agent{n % 5}", parent="root"),
        ]  # fmt: skip
    return [*spans, span("root", 0, 10 * turns, session_key="s", kind="step")]


def steps_of(spans: list[Span], chunk: int) -> int:
    assembly = Assembly()
    for at in range(0, len(spans), chunk):
        assembly.add(spans[at : at + chunk])
        assembly.session(now_ns=10**9 * S)
    return assembly.steps


def test_a_session_that_grows_in_chunks_costs_the_same_per_span_however_long_it_is() -> None:
    short, long = long_session(250), long_session(5_000)
    per_span_short = steps_of(short, 100) / len(short)
    per_span_long = steps_of(long, 100) / len(long)
    assert per_span_long < 1.1 * per_span_short


def test_resending_everything_costs_no_computation() -> None:
    spans = long_session(200)
    assembly = Assembly()
    assembly.add(spans)
    first = assembly.session(now_ns=10**9 * S)
    steps = assembly.steps
    assert assembly.add(spans) == 0
    assert assembly.session(now_ns=10**9 * S) == first
    assert assembly.steps == steps


def test_one_more_span_in_a_long_session_costs_a_few_computations() -> None:
    assembly = Assembly()
    assembly.add(long_session(2_000))
    assembly.session(now_ns=10**9 * S)
    steps = assembly.steps
    assembly.add([tool("more", 5, 6, "read", target="/same", arguments_hash="same", parent="a0")])
    assembly.session(now_ns=10**9 * S)
    assert assembly.steps - steps < 30
