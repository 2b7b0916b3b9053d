"""
Conditions: CEL expressions that say when a rule, a target or an escalation holds.

CEL (Common Expression Language) always ends and touches nothing outside.  Each place that has
conditions gives them variables of its own, listed in `PLACES`; a field that is not known is null.
Nothing here raises: an expression that can't be compiled, and one that gives no answer for these
values, is `Failed` with the reason, and the caller decides what that means (a permission rule then
never opens anything).

Comparisons work across whole and broken numbers: `args.amount < 50` holds for 49 and for 49.5.
Arithmetic does not mix them (CEL's rule): `session.cost_usd * 2.0`, `double(args.amount) * 2.0`.
The fields that `PLACES` calls `number` are always doubles, those it calls `count` always ints.

Refused: other variables than those of the place, fields that these do not have, more than
`MAX_EXPRESSION` characters, and more than two macros that walk lists in one expression: a third
turns a list of a thousand items into a billion steps, and nothing can interrupt them.
"""

import difflib
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

import msgspec

from quarterdeck.errors import Misconfigured

Place = Literal["permission", "route", "escalation"]
Kind = Literal["text", "number", "count", "any"]

SESSION: dict[str, Kind] = {
    "id": "text",
    "errors": "count",
    "cost_usd": "number",
    "tokens": "count",
    "model_calls": "count",
    "tool_calls": "count",
    "duration_s": "number",
    "interventions": "count",
}
"""The session until now."""
TASK: dict[str, Kind] = {"type": "text", "text_length": "count"}
"""`text_length`: characters of the task's text."""
REQUEST: dict[str, Kind] = {"complexity": "number", "input_tokens": "count", "size": "text"}
"""The model call that is about to be made.  `complexity`: 0 to 1, `size`: small, medium, large, as
the caller said; null where it said nothing."""

PLACES: dict[Place, dict[str, Kind | dict[str, Kind]]] = {
    "permission": {
        "args": "any",
        "tool": "text",
        "agent": "text",
        "session": SESSION,
        "task": TASK,
        "user": "text",
        "environment": "text",
    },
    "route": {
        "task": TASK,
        "request": REQUEST,
        "agent": "text",
        "session": SESSION,
        "environment": "text",
    },
    "escalation": {"session": SESSION, "task": TASK, "agent": "text", "environment": "text"},
}
"""What a condition sees in each place: a variable, or the fields of one.  `args` are the tool's
arguments, as the model gave them."""

MAX_EXPRESSION = 2000
"""Characters; the longest one that we have seen a person write has 300."""
MAX_MACROS = 2
MAX_VALUES = 2000
"""Of the arguments of one tool call, nested ones counted.  Two macros walk 4 million pairs of
them at worst: 1.3 s, where an agent waits."""
MAX_TEXT = 1_000_000
"""Characters of all texts in the arguments of one call."""
MAX_DEPTH = 64
CACHED = 4096
"""Compiled conditions: of some hundred versions at a time, some kilobytes each."""

_TEXTS = re.compile(
    r"""
    //[^\n]*
    | [rR][bB]?("{3}.*?"{3}|'{3}.*?'{3}|"[^"]*"|'[^']*')
    | "{3}(\\.|[^\\])*?"{3} | '{3}(\\.|[^\\])*?'{3} | "(\\.|[^"\\])*" | '(\\.|[^'\\])*'
    """,
    re.DOTALL | re.VERBOSE,
)
"""Comments and literals: what looks like code in them is none."""
_MACRO = re.compile(r"\.\s*(all|exists|exists_one|existsOne|map|filter)\s*\(")
_FIELD = re.compile(r"(?<![\w.])(?<!\.\s)(session|task|request)\s*\.\s*([A-Za-z_]\w*)")
_INT64 = 2**63

_TRIED: dict[Kind, Any] = {"text": "a", "number": 0.5, "count": 1, "any": {}}
"""A value of each kind: what a condition is tried with, to find arithmetic of mixed kinds."""


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """A condition that gave no answer."""

    reason: str
    """For people.  Ends without a period; may quote the expression, never the arguments whole."""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """A compiled condition: made by `compile`, asked by `evaluate`."""

    expression: str
    place: Place
    program: Any
    """`cel` ships no types of its own, so the untyped calls end in this file."""


@lru_cache(maxsize=CACHED)
def compile(expression: str, place: Place) -> Condition | Failed:  # noqa: A001
    """
    Compile one condition for a place; the same one again costs a look-up.

    Raises `Misconfigured` where the library is not installed, and nothing else.
    """
    cel = _library()
    if len(expression) > MAX_EXPRESSION:
        return Failed(reason=f"longer than {MAX_EXPRESSION} characters")
    bare = _TEXTS.sub("''", expression)
    if len(_MACRO.findall(bare)) > MAX_MACROS:
        return Failed(
            reason=f"walks lists more than {MAX_MACROS} times (all, exists, map, filter): "
            "split the rule, or do it in the tool"
        )
    try:
        program = cel.compile(expression)
        used = program.variables()
    except BaseException as error:  # noqa: BLE001 - a panic of the library is no Exception
        return Failed(reason=_reason_of(error))
    for name in used:
        # Names of comprehensions come with those of the place: `args.items.all(i, i.price < 5)`.
        if name not in PLACES[place] and not _is_bound(name, bare):
            return Failed(reason=_unknown(name, PLACES[place], "there is no variable"))
    for variable, field in _FIELD.findall(bare):
        fields = PLACES[place].get(variable)
        if isinstance(fields, dict) and field not in fields and not _is_bound(variable, bare):
            return Failed(reason=_unknown(field, fields, f"{variable} has no field"))
    return Condition(expression=expression, place=place, program=program)


def evaluate(condition: Condition, variables: Mapping[str, Any]) -> bool | Failed:
    """
    Whether a condition holds for these variables.

    Variables that the place does not have are ignored, those that are missing are null; so are
    missing fields of `session`, `task` and `request`.  A result that is not a bool is `Failed`.
    """
    try:
        known = _variables(condition.place, variables)
    except _UnfitError as unfit:
        return Failed(reason=str(unfit))
    try:
        result = condition.program.execute(known)
    except BaseException as error:  # noqa: BLE001 - a panic of the library is no Exception
        return Failed(reason=_reason_of(error))
    if not isinstance(result, bool):
        return Failed(reason=f"gives {_kind_of(result)}, not true or false")
    return result


def holds(expression: str, place: Place, variables: Mapping[str, Any]) -> bool | Failed:
    """Compile, or take the compiled one, and evaluate."""
    condition = compile(expression, place)
    return condition if isinstance(condition, Failed) else evaluate(condition, variables)


def try_out(condition: Condition) -> Failed | None:
    """
    What is wrong with a condition whatever its values will be, or None.

    Tried on one value of each kind: tells of a result that is no bool and of arithmetic that mixes
    ints and doubles.  Does not look at what depends on `args`: their kinds are not known here.
    """
    if "args" in condition.program.variables():
        return None
    tried = {
        name: {field: _TRIED[kind] for field, kind in fields.items()}
        if isinstance(fields, dict)
        else _TRIED[fields]
        for name, fields in PLACES[condition.place].items()
    }
    result = evaluate(condition, tried)
    return result if isinstance(result, Failed) else None


class _UnfitError(Exception):
    """These variables can't be given to CEL."""


def _library() -> Any:
    try:
        import cel
    except ImportError as error:
        raise Misconfigured(
            'conditions need the library for CEL: pip install "quarterdeck[workflow]"'
        ) from error
    return cel


def _variables(place: Place, given: Mapping[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for name, fields in PLACES[place].items():
        value = given.get(name)
        budget = _Budget()
        if isinstance(fields, dict):
            read = value if isinstance(value, Mapping) else {}
            known[name] = {
                field: _of_kind(budget.plain(read.get(field), name), kind)
                for field, kind in fields.items()
            }
        else:
            known[name] = _of_kind(budget.plain(value, name), fields)
    return known


def _of_kind(value: Any, kind: Kind) -> Any:
    """Ints and doubles as `PLACES` says, so that arithmetic means the same for every value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if kind == "number":
        return float(value)
    if kind == "count" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


class _Budget:
    """Makes values plain for CEL, so many of them at most."""

    def __init__(self) -> None:
        self._values = MAX_VALUES
        self._text = MAX_TEXT

    def plain(self, value: Any, name: str, depth: int = 0) -> Any:
        self._values -= 1
        if self._values < 0 or depth > MAX_DEPTH:
            raise _UnfitError(f"{name} holds too many values to be checked")
        match value:
            case None | bool():
                return value
            case str():
                self._text -= len(value)
                if self._text < 0:
                    raise _UnfitError(f"{name} holds too much text to be checked")
                # Half a surrogate pair is no text for CEL; a mark in its place equals nothing.
                return value.encode("utf-8", "replace").decode()
            case int():
                return int(value) if -_INT64 <= value < _INT64 else self._float(value, name)
            case float():
                return float(value)
            case Decimal():
                return self._float(value, name)
            case Mapping():
                return {
                    self.plain(key if isinstance(key, str) else str(key), name, depth): (
                        self.plain(item, name, depth + 1)
                    )
                    for key, item in value.items()
                }
            case list() | tuple():
                return [self.plain(item, name, depth + 1) for item in value]
            case _:
                raise _UnfitError(f"{name} holds a {type(value).__name__}, which is no JSON value")

    def _float(self, value: int | Decimal, name: str) -> float:
        try:
            number = float(value)
        except OverflowError as error:
            raise _UnfitError(f"{name} holds a number that is too large to be checked") from error
        except ValueError as error:
            raise _UnfitError(f"{name} holds what is no number") from error
        if math.isinf(number):
            raise _UnfitError(f"{name} holds a number that is too large to be checked")
        return number


def _is_bound(name: str, bare: str) -> bool:
    """Whether a macro makes this variable: `.all(i, …)`."""
    return re.search(_MACRO.pattern + rf"\s*{re.escape(name)}\s*,", bare) is not None


def _unknown(name: str, known: Mapping[str, Any], what: str) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f", did you mean {near[0]}" if near else ""
    return f"{what} {name!r} here{hint}; there is {', '.join(known)}"


def _reason_of(error: BaseException) -> str:
    """
    One line of what CEL said.

    Its panics are no `Exception` (they come from Rust through `BaseException`): they must not end
    an agent.  What is not the library's (Ctrl-C, the end of the process) goes on up.
    """
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error
    if isinstance(error, KeyError):
        return f"there is no {str(error)[:100]} in these values"
    text = str(error)
    if isinstance(error, TypeError):
        return _of_types(text)
    found = re.search(r"ERROR: <input>:\d+:(\d+): (.*)", text)
    if found:
        said = found[2].removeprefix("Syntax error: ").split(" expecting ")[0]
        said = "it ends too early" if "input '<EOF>'" in said else said
        return f"at character {found[1]}: {said[:200]}"
    return (text.splitlines() or [type(error).__name__])[0][:300].rstrip(".")


def _of_types(said: str) -> str:
    mixed = re.search(r"Unsupported operation: (\w+ . \w+)", said)
    if mixed:
        return f"CEL does not mix kinds of numbers in {mixed[1]}: write 2.0 or double(…)"
    return f"{said.split('. ')[0]}: a value is null or of another kind"


def _kind_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "a map"
        case _:
            return f"a {type(value).__name__}"
