"""Instants as people type them."""

import pytest

from quarterdeck.cli.instants import read_expiry, read_instant
from quarterdeck.errors import Invalid

NOON_NS = 1_776_000_000 * 1_000_000_000  # 2026-04-12T13:20:00Z


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (None, None),
        ("2026-04-12", "2026-04-12T00:00:00Z"),
        ("2026-04-12T08:30:00+02:00", "2026-04-12T06:30:00Z"),
        ("20m", "2026-04-12T13:00:00Z"),
        ("24h", "2026-04-11T13:20:00Z"),
        ("7d", "2026-04-05T13:20:00Z"),
    ],
)
def test_an_instant_is_a_date_or_so_long_ago(typed: str | None, read: str | None) -> None:
    assert read_instant(typed, now_ns=NOON_NS) == read


def test_an_expiry_counts_from_now_on() -> None:
    assert read_expiry("90d", now_ns=NOON_NS) == "2026-07-11T13:20:00Z"
    assert read_expiry("2027-01-31", now_ns=NOON_NS) == "2027-01-31T00:00:00Z"


@pytest.mark.parametrize("typed", ["yesterday", "7 days", "", "2026-13-01", "-3h"])
def test_anything_else_is_refused_with_how_to_write_it(typed: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_instant(typed, now_ns=NOON_NS)
    assert repr(typed) in caught.value.message
    assert "24h" in caught.value.hint
