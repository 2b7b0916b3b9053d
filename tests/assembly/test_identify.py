"""Which traces are one session, and what it is called."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from assembly.made import agent, model, session, span, tool
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.identify import (
    MAX_TRACES_PER_NODE,
    TraceFacts,
    choose_session_id,
    group_traces,
    links_of,
    lookup_node,
    public_id,
)
from quarterdeck.model.spans import Span


def group(**traces: tuple[str, int, tuple[str, ...]]) -> list[tuple[str, ...]]:
    return group_traces({t: TraceFacts(*facts) for t, facts in traces.items()})


def test_a_span_gives_its_trace_the_nodes_that_join() -> None:
    made = Span(
        trace_id="t", span_id="s", session_key="k", response_id="r1", previous_response_id="r0",
        linked_traces=("u",), join_keys=("team:7",),
    )  # fmt: skip
    assert links_of(made) == (
        "key:session:k", "key:response:r1", "key:response:r0", "trace:u", "key:join:team:7",
    )  # fmt: skip
    assert links_of(Span(trace_id="t", span_id="s")) == ()


def test_an_id_that_a_url_can_carry_is_kept_and_any_other_is_hashed() -> None:
    assert public_id("user:42@x.y~z+a=b-c_d") == "user:42@x.y~z+a=b-c_d"
    assert public_id("a/b") == "sess_" + sha256(b"a/b").hexdigest()[:24]
    assert public_id("x" * 257).startswith("sess_")
    assert public_id("..").startswith("sess_"), "a client would ask for the folder above"
    assert public_id("a..") == "a.."
    made = session(span("r", 0, 1, session_key="a/b"))
    assert (made.session_id, made.external_id) == (public_id("a/b"), "a/b")


def test_without_an_id_the_first_trace_names_the_session() -> None:
    made = session(span("b", 5, 6, trace_id="t2"), span("a", 1, 2, trace_id="t9"))
    assert (made.session_id, made.derived, made.trace_ids) == ("trace:t9", True, ("t9", "t2"))


def test_a_late_root_with_the_id_renames_the_derived_session() -> None:
    child = span("c", 1, 2, parent="r")
    assert session(child).session_id == "trace:t1"
    made = session(child, span("r", 0, 7200, session_key="k"))
    assert (made.session_id, made.derived) == ("k", False)


def test_of_several_ids_the_roots_wins_and_the_others_are_sub_sessions() -> None:
    spans = [
        span("r", 0, 9, session_key="main"), agent("s", 1, 2, "sub", session_key="own", parent="r"),
    ]  # fmt: skip
    assert (session(*spans).session_id, session(*spans).sub_sessions) == ("main", ("own",))
    assert choose_session_id(spans).session_id == "main"
    rootless = [
        span("x", 5, 6, session_key="b", parent="r"),
        span("y", 3, 4, session_key="a", parent="r"),
    ]
    assert choose_session_id(rootless).session_id == "a"


def test_traces_with_one_explicit_id_are_one_session() -> None:
    assert group(t1=("k", 2, ()), t2=("k", 1, ()), t3=("l", 0, ())) == [("t3",), ("t2", "t1")]


def test_joining_by_weak_nodes_is_transitive() -> None:
    made = group(a=("", 1, ("x",)), b=("", 2, ("x", "y")), c=("", 3, ("y",)), d=("", 4, ("z",)))
    assert made == [("a", "b", "c"), ("d",)]


def test_a_linked_trace_joins_though_only_one_side_links() -> None:
    assert group(a=("", 1, ()), b=("", 2, ("trace:a",))) == [("a", "b")]


def test_explicit_ids_beat_weak_nodes_and_the_nearer_one_takes_the_trace_between() -> None:
    made = group(
        a=("k", 1, ("x",)), b=("", 2, ("x", "y")), c=("", 3, ("y", "z")), d=("l", 4, ("z",))
    )
    assert made == [("a", "b"), ("c", "d")]


def test_between_equally_near_sessions_the_smaller_id_wins() -> None:
    assert group(a=("l", 1, ("x",)), b=("", 2, ("x", "y")), c=("k", 3, ("y",))) == [
        ("a",), ("b", "c"),
    ]  # fmt: skip


def test_a_node_that_too_many_traces_share_joins_nothing() -> None:
    many = {f"t{n:05d}": TraceFacts("", n, ("const",)) for n in range(MAX_TRACES_PER_NODE + 1)}
    assert len(group_traces(many)) == MAX_TRACES_PER_NODE + 1


def test_a_call_asked_for_in_one_trace_and_run_in_another_joins_them() -> None:
    asked = Assembly()
    asked.add([model("m", 0, 1, asks=(("refund", "c1"),))])
    ran = Assembly()
    ran.add([tool("t", 5, 6, "refund", tool_call_id="c1", trace_id="t2")])
    nodes = {"t1": asked.deferred_nodes("t1"), "t2": ran.deferred_nodes("t2")}
    assert lookup_node(nodes["t1"][0]) == nodes["t2"][0]
    assert group(t1=("", 0, nodes["t1"]), t2=("", 5, nodes["t2"])) == [("t1", "t2")]


def test_two_traces_that_only_asked_for_the_same_constant_call_id_stay_apart() -> None:
    made = Assembly()
    made.add([model("m", 0, 1, asks=(("refund", "call_1"),))])
    nodes = made.deferred_nodes("t1")
    assert group(t1=("", 0, nodes), t2=("", 1, nodes)) == [("t1",), ("t2",)]


def test_a_call_is_deferred_only_when_its_trace_has_ended_without_it() -> None:
    made = Assembly()
    made.add([model("m", 0, 1, asks=(("refund", "c1"),), parent="r")])
    assert made.deferred_nodes("t1") == ()
    made.add([span("r", 0, 9)])
    assert len(made.deferred_nodes("t1")) == 1
    made.add([tool("t", 2, 3, "refund", tool_call_id="c1", parent="r")])
    assert made.deferred_nodes("t1") == ()


@given(
    traces=st.dictionaries(
        st.sampled_from("abcdefgh"),
        st.tuples(
            st.sampled_from(["", "", "k", "l"]), st.integers(0, 3),
            st.lists(st.sampled_from(["x", "y", "z", "trace:a", "trace:b"]), max_size=3),
        ),
        max_size=8,
    ),
    order=st.randoms(),
)  # fmt: skip
def test_grouping_does_not_depend_on_the_order_of_traces(traces: dict, order) -> None:  # type: ignore[no-untyped-def, type-arg]
    facts = {t: TraceFacts(*f) for t, f in traces.items()}
    items = list(facts.items())
    order.shuffle(items)
    assert group_traces(dict(items)) == group_traces(facts)
    assert sorted(t for one in group_traces(facts) for t in one) == sorted(facts)
