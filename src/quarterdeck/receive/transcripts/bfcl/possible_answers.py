"""
BFCL's rule for a function call: does it equal one of the possible answers?

The function's name has to be the one expected, every required argument there, and each argument's
value of the declared type and in the list of values that count; "" in the list means that the
argument may be left out.  Texts are compared without case, spaces and punctuation.  Expected calls
are looked for among those made in any order, each made call answering one.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from quarterdeck.model.messages import ToolCallPart
from quarterdeck.receive.transcripts.members import listing, mapping, text

_IGNORED = re.compile(r"[ ,./\-_*^]")
_NUMBERED = re.compile(r"[_ ]\d+$")

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "float": (float,), "boolean": (bool,),
    "array": (list,), "tuple": (list,), "dict": (dict,), "object": (dict,), "any": (str,),
}  # fmt: skip


class Judged(NamedTuple):
    expected: int
    matched: int
    made: int
    unknown: str
    """An expected function that was not offered; "" = all were."""
    first_difference: str
    """Why the first expected call that was not matched was not; "" = all were."""


def judge(
    truth: Sequence[Any],
    calls: Sequence[ToolCallPart],
    functions: Mapping[str, Mapping[str, Any]],
) -> Judged:
    """`truth`: objects of function name to possible arguments; several of one are numbered."""
    free = list(calls)
    expected = matched = 0
    unknown = difference = ""
    for wanted in truth:
        for spelled, arguments in mapping(wanted).items():
            expected += 1
            name = _offered(spelled, functions)
            if name is None:
                unknown = unknown or spelled
                name = spelled
            problems = [_problem(call, name, mapping(arguments), functions) for call in free]
            if "" in problems:
                free.pop(problems.index(""))
                matched += 1
            elif not difference:
                difference = next((p for p in problems if p), f"no call of {name}")
    return Judged(expected, matched, len(calls), unknown, difference)


def _offered(spelled: str, functions: Mapping[str, Any]) -> str | None:
    """`spotify.play_2` and `calc_distance 1` are the second and the first call of a function."""
    for name in (spelled, _NUMBERED.sub("", spelled)):
        if name in functions:
            return name
    return None


def _problem(
    call: ToolCallPart,
    name: str,
    possible: Mapping[str, Any],
    functions: Mapping[str, Mapping[str, Any]],
) -> str:
    """Why `call` is none of the possible ones; "" if it is one."""
    # Providers take no dots in names: BFCL gives `math.factorial` to them as `math_factorial`.
    if call.name.replace(".", "_") != name.replace(".", "_"):
        return f"called {call.name}, not {name}"
    if not isinstance(call.arguments, dict):
        return f"{name}: its arguments are no object"
    parameters = mapping(mapping(functions.get(name)).get("parameters"))
    declared = mapping(parameters.get("properties"))
    for required in listing(parameters.get("required")):
        if required not in call.arguments:
            return f"{name}: required {required!r} is missing"
    for key, value in call.arguments.items():
        if key not in possible or key not in declared:
            return f"{name}: unexpected {key!r}"
        if not _counts(value, listing(possible[key]), mapping(declared[key])):
            return f"{name}: {key} = {value!r} is none of {possible[key]!r}"
    for key, values in possible.items():
        if key not in call.arguments and "" not in listing(values):
            return f"{name}: {key!r} is missing"
    return ""


def _counts(value: Any, possible: Sequence[Any], declared: Mapping[str, Any]) -> bool:
    kind = text(declared.get("type"))
    if kind == "float" and type(value) is int:
        value = float(value)
    if not _has_type(value, kind) and not any(type(value) is type(p) for p in possible if p != ""):
        return False
    return any(_same(value, candidate) for candidate in possible)


def _has_type(value: Any, kind: str) -> bool:
    return kind not in _TYPES or type(value) in _TYPES[kind]


def _same(value: Any, possible: Any) -> bool:
    """Members of a possible object are lists of values that count; "" = may be left out."""
    if isinstance(value, str):
        return isinstance(possible, str) and _plain(value) == _plain(possible)
    if isinstance(value, list):
        return (
            isinstance(possible, list)
            and len(value) == len(possible)
            and all(_same(one, other) for one, other in zip(value, possible, strict=True))
        )
    if isinstance(value, dict):
        return isinstance(possible, dict) and _same_members(value, possible)
    return bool(value == possible) and isinstance(value, bool) == isinstance(possible, bool)


def _same_members(value: Mapping[str, Any], possible: Mapping[str, Any]) -> bool:
    for key, member in value.items():
        if key not in possible:
            return False
        candidates = possible[key] if isinstance(possible[key], list) else [possible[key]]
        if not any(_same(member, candidate) for candidate in candidates):
            return False
    return all(key in value or "" in listing(possible[key]) for key in possible)


def _plain(value: str) -> str:
    return _IGNORED.sub("", value).lower().replace("'", '"')
