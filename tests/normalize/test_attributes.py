"""Parsers of single values: what they accept, and what they say about the rest."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.normalize import attributes as read
from quarterdeck.normalize.attributes import Unreadable


@pytest.mark.parametrize(
    ("parse", "value", "expected"),
    [
        (read.count, "123", 123),
        (read.count, 0, 0),
        (read.count, 7.0, 7),
        (read.count, "7.0", 7),
        (read.count, None, None),
        (read.count, "", None),
        (read.flag, "TRUE", True),
        (read.flag, "false", False),
        (read.flag, 1, True),
        (read.money, 0.1, Decimal("0.1")),
        (read.money, "0.0015", Decimal("0.0015")),
        (read.money, 0, Decimal(0)),
        (read.from_micros, 1500, Decimal("0.0015")),
        (read.seconds, 0.5, 500_000_000),
        (read.milliseconds, "120.5", 120_500_000),
        (read.instant, '"2026-04-12T08:30:00Z"', 1_775_982_600_000_000_000),
        (read.texts, "a, b", ("a", "b")),
        (read.texts, '["a", "b"]', ("a", "b")),
        (read.texts, ["a", {"no": 1}, 2], ("a", "2")),
        (read.text, "  x ", "x"),
        (read.text, "<REDACTED>", None),
        (read.text, "[Scrubbed due to 'session']", None),
        (read.text, 14, "14"),
        (read.text, True, "true"),
    ],
)
def test_a_parser_reads_the_forms_that_senders_use(
    parse: Callable[[Any], Any], value: Any, expected: Any
) -> None:
    assert parse(value) == expected


@pytest.mark.parametrize(
    ("parse", "value"),
    [
        (read.count, "many"),
        (read.count, -1),
        (read.count, 2_000_000_000),
        (read.count, True),
        (read.count, 1.5),
        (read.count, "٣"),
        (read.count, [1]),
        (read.money, "NaN"),
        (read.money, -0.01),
        (read.money, 1e300),
        (read.number, "inf"),
        (read.number, {}),
        (read.seconds, -1),
        (read.flag, "perhaps"),
        (read.instant, "yesterday"),
        (read.session_id, "x" * 257),
        (read.text, {"a": 1}),
    ],
)
def test_a_parser_says_what_it_could_not_read(parse: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(Unreadable, match=r"expected|at most"):
        parse(value)


@given(st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text("ab\"\\,{}[]: ", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner,
                                                               max_size=3),
    max_leaves=10,
).filter(lambda value: isinstance(value, list | dict) and value), st.integers(1, 200))  # fmt: skip
def test_any_cut_of_json_gives_a_container_of_the_same_type_or_stays_text(
    value: Any, at: int
) -> None:
    whole = read.as_json(value).decode()
    cut = whole[: max(1, min(at, len(whole) - 1))]
    found, truncated = read.decode_json_or_prefix(cut)
    assert (truncated and type(found) is type(value)) or found == cut


def test_unflattening_closes_gaps_and_keeps_a_parents_members() -> None:
    tree, gaps = read.unflatten({"5.a": 1, "0.a": 2, "0.b.c": 3, "0.b": "lost"})
    assert tree == [{"a": 2, "b": {"c": 3}}, {"a": 1}]
    assert gaps


def test_arguments_hash_equally_however_their_keys_are_ordered() -> None:
    assert read.fingerprint_of({"a": 1, "b": 2}) == read.fingerprint_of({"b": 2, "a": 1})
    assert read.fingerprint("ab", "c") != read.fingerprint("a", "bc")


def test_ids_inside_names_are_masked() -> None:
    assert read.mask_ids("job-550e8400-e29b-41d4-a716-446655440000") == "job-*"
    assert read.mask_ids("read_file_version_two") == "read_file_version_two"
