"""Times as recorders write them, and numbers that are none."""

import pytest

from quarterdeck.receive.transcripts.instants import after, instant_ns, names_zone

NOON = 1_780_000_000 * 10**9


@pytest.mark.parametrize(
    "value",
    [1_780_000_000, 1_780_000_000.0, 1_780_000_000_000, 1_780_000_000_000_000, NOON],
)
def test_the_size_of_a_number_tells_its_unit(value: float) -> None:
    assert instant_ns(value) == NOON


def test_fractions_of_a_second_are_exact() -> None:
    assert instant_ns(1765000000.123456) == 1765000000123456000
    assert instant_ns("2026-06-13T10:00:00.000001Z") == instant_ns("2026-06-13 10:00:00.000001")


@pytest.mark.parametrize(
    "value",
    [None, "", "yesterday", "2026-13-01T00:00:00Z", True, False, [], {}, 0, -5, 10**30, 1e300,
     "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"],
)  # fmt: skip
def test_what_is_no_time_is_not_told(value: object) -> None:
    assert instant_ns(value) is None


@pytest.mark.parametrize(
    ("value", "told"),
    [("2026-06-13T10:00:00Z", True), ("2026-06-13T10:00:00+02:00", True), (1765000000, True),
     ("2026-06-13T10:00:00", False), ("2026-06-13 10:00:00.000", False)],
)  # fmt: skip
def test_a_time_without_a_zone_is_noticed(value: object, told: bool) -> None:
    assert names_zone(value) is told


def test_a_time_that_many_seconds_later() -> None:
    assert after(NOON, 1.5) == NOON + 1_500_000_000
    assert after(None, 1.5) is None
    assert after(NOON, None) is None
    assert after(NOON, -1) is None
