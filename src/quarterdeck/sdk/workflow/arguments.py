"""
A tool's arguments: by name, as JSON, checked against the schema, and back into a call.

The schema says what the model may give.  What a framework adds to a call (a context, a client) is
no argument of the model's: it is left out of what conditions, people and the schema see, and stays
in the call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from quarterdeck.sdk.rim import notice
from quarterdeck.sdk.verbs.content import as_text

MAX_TOLD = 5
"""Violations that the model is told at once."""


@dataclass(frozen=True, slots=True)
class Call:
    """How a function was called: its arguments by name, and a way to call it with others."""

    bound: inspect.BoundArguments | None
    """None where Python can't say what the function takes."""
    positional: tuple[Any, ...]
    named: dict[str, Any]
    arguments: dict[str, Any]
    """The model's, by name, as JSON."""

    def changed(self, arguments: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What to call with, so that the model's arguments are these instead."""
        if self.bound is None:
            return (), dict(arguments)
        bound = self.bound
        extra = next(
            (p.name for p in bound.signature.parameters.values() if p.kind is p.VAR_KEYWORD), ""
        )
        kept = {n: v for n, v in bound.arguments.items() if n not in self.arguments and n != extra}
        known = {
            name: value
            for name, value in arguments.items()
            if name in bound.signature.parameters and name != extra
        }
        rest = {name: value for name, value in arguments.items() if name not in known}
        new = inspect.BoundArguments(bound.signature, {})
        for name in bound.signature.parameters:
            if name in known:
                new.arguments[name] = known[name]
            elif name in kept:
                new.arguments[name] = kept[name]
        if extra:
            before = {
                n: v for n, v in bound.arguments.get(extra, {}).items() if n not in self.arguments
            }
            new.arguments[extra] = {**before, **rest}
        return new.args, new.kwargs


def signature_of(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (ValueError, TypeError):
        return None


def called(
    signature: inspect.Signature | None,
    positional: tuple[Any, ...],
    named: dict[str, Any],
    *,
    known: frozenset[str],
) -> Call:
    """
    The call of a function.  `known` are the arguments that the schema names, empty = no schema.

    Raises `TypeError` where the function does not take these arguments, as Python would.
    """
    if signature is None:
        return Call(None, positional, named, plain(named))
    bound = signature.bind(*positional, **named)
    found: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            # `f(1000, amount=1)` of `def f(amount, /, **more)`: what is checked has to run.
            if twice := found.keys() & value.keys():
                raise TypeError(f"multiple values for argument {min(twice)!r}")
            found.update(value)
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            if value:
                found[name] = list(value)
        else:
            found[name] = value
    first = next(iter(signature.parameters), "")
    if first in ("self", "cls") and first not in known:
        found.pop(first, None)
    return Call(bound, positional, named, given(found, known=known))


def given(named: Mapping[str, Any], *, known: frozenset[str]) -> dict[str, Any]:
    """The model's of these arguments, as JSON; `known` as in `called`."""
    return plain({n: v for n, v in named.items() if not known or n in known or _is_json(v)})


def plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON has it; what has no JSON is text, as Python shows it."""
    return {str(name): _plain(value) for name, value in arguments.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float) or type(value) is str:
        return value
    try:
        return msgspec.json.decode(msgspec.json.encode(value, enc_hook=_dumped))
    except Exception:  # noqa: BLE001 - cycles, odd keys, a dump that fails
        return as_text(value)


def _dumped(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        return dump(mode="json")
    return dict(value) if isinstance(value, Mapping) else repr(value)


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int | float | list | tuple | dict)


def violations(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[str]:
    """
    What is wrong with the arguments, for the model; [] also where nothing here can check it.

    A schema that refers to an address is not followed there, and checks nothing.
    """
    check = _checker(msgspec.json.encode(schema))
    if check is None:
        return []
    try:
        found = sorted(
            check.iter_errors(dict(arguments)), key=lambda error: list(map(str, error.path))
        )
    except Exception as error:  # noqa: BLE001 - a schema of the user's own that can't be applied
        notice("schema", f"a tool's schema can't be applied: {str(error)[:200]}")
        return []
    return [
        f"{'.'.join(map(str, error.absolute_path)) or 'arguments'}: {error.message[:300]}"
        for error in found
    ]


@lru_cache(maxsize=512)
def _checker(schema: bytes) -> Any:
    """A validator of jsonschema, which ships no types of its own: the untyped calls end here."""
    try:
        from jsonschema.validators import validator_for
        from referencing import Registry
    except ImportError:
        notice(
            "schema",
            "arguments of tools are not checked against their schemas: "
            'pip install "quarterdeck[workflow]"',
        )
        return None
    decoded = msgspec.json.decode(schema)
    # A registry of its own, which fetches nothing: the default one would go to the address.
    return validator_for(decoded)(decoded, registry=Registry())
