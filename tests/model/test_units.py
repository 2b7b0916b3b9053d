"""Time is integer nanoseconds and money is Decimal in every noun, whatever is added to them."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

import quarterdeck.model
from quarterdeck.errors import Invalid
from quarterdeck.model.instants import from_rfc3339, to_rfc3339


def nouns() -> Iterator[type[Any]]:
    for module in pkgutil.iter_modules(quarterdeck.model.__path__):
        found = importlib.import_module(f"quarterdeck.model.{module.name}")
        for _, noun in inspect.getmembers(found, inspect.isclass):
            if issubclass(noun, msgspec.Struct) and noun.__module__ == found.__name__:
                yield noun


def kinds(hint: Any) -> set[Any]:
    """`int` of `int | None`."""
    return {kind for kind in get_args(hint) if kind is not type(None)} or {hint}


def test_a_time_is_an_int_and_money_a_decimal() -> None:
    times = moneys = 0
    for noun in nouns():
        for name, hint in get_type_hints(noun).items():
            if name.endswith("_ns"):
                times += 1
                assert kinds(hint) == {int}, (noun, name)
            if name == "usd" or name.endswith("_usd"):
                moneys += 1
                assert kinds(hint) == {Decimal}, (noun, name)
            assert not name.endswith(("_s", "_ms", "_seconds")), (noun, name)
    assert (times > 20, moneys > 8) == (True, True)


@pytest.mark.parametrize(
    ("at_ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_790_000_000_000_000_001, "2026-09-21T14:13:20.000000001Z"),
        (1_790_000_000_000_000_401, "2026-09-21T14:13:20.000000401Z"),
    ],
)
def test_an_instant_keeps_its_nanoseconds_there_and_back(at_ns: int, text: str) -> None:
    assert to_rfc3339(at_ns) == text
    assert from_rfc3339(text) == at_ns


def test_what_is_no_instant_is_refused() -> None:
    with pytest.raises(Invalid):
        from_rfc3339("yesterday")
