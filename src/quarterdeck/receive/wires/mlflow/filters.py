"""
MLflow's search filters: `tags.env = 'prod' AND status != 'ERROR' AND name LIKE 'fix%'`.

Comparisons joined by AND, nothing else, as in MLflow itself.  A key may be quoted by backticks or
double quotes; a comparison with an absent value is false, but for `!=` and `IS NULL`.  What can't
be read is refused: a filter that is not understood must not find everything.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from quarterdeck.errors import Invalid

_TOKENS = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*")
      | (?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
      | (?P<compare><=|>=|!=|<>|=|<|>)
      | (?P<mark>[(),])
      | (?P<word>(?:[\w@-]|`[^`]*`)+(?:\.(?:[\w@/:-]|`[^`]*`|"[^"]*")+)*)
    )""",
    re.VERBOSE,
)
_MAX_CHARACTERS = 6_000
_WORDS = frozenset({"LIKE", "ILIKE", "RLIKE", "IN", "NOT", "IS", "AND"})

Value = str | float | None
Look = Callable[[str], Value]
"""The value of a key of the thing that is tested; None = it has none."""


class Test(NamedTuple):
    key: str
    compare: str
    """=, !=, <, <=, >, >=, LIKE, ILIKE, RLIKE, IN, NOT IN, IS NULL, IS NOT NULL."""
    value: Any


def parse(text: str) -> list[Test]:
    """The comparisons; all must hold.  Raises `Invalid`."""
    if len(text) > _MAX_CHARACTERS:
        raise Invalid(f"a filter has at most {_MAX_CHARACTERS} characters")
    tokens = _tokens(text)
    if not tokens:
        return []
    found = [_comparison(tokens, text)]
    while tokens:
        if _word(tokens.pop(0)) != "AND":
            raise _unreadable(text)
        found.append(_comparison(tokens, text))
    return found


def holds(tests: Sequence[Test], look: Look) -> bool:
    return all(_holds(test, look(test.key)) for test in tests)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at, text = [], 0, text.strip()
    while at < len(text):
        match = _TOKENS.match(text, at)
        if match is None or match.end() == at:
            raise _unreadable(text)
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        at = match.end()
    return found


def _comparison(tokens: list[tuple[str, str]], text: str) -> Test:
    try:
        kind, key = tokens.pop(0)
        if kind not in ("word", "string"):
            raise _unreadable(text)
        key = key.replace("`", "").replace('"', "") if kind == "word" else key[1:-1]
        kind, compare = tokens.pop(0)
        if kind == "compare":
            return Test(key, "!=" if compare == "<>" else compare, _literal(tokens.pop(0), text))
        match _word((kind, compare)):
            case "LIKE" | "ILIKE" | "RLIKE" as word:
                return Test(key, word, str(_literal(tokens.pop(0), text)))
            case "IN":
                return Test(key, "IN", _list(tokens, text))
            case "NOT" if _word(tokens.pop(0)) == "IN":
                return Test(key, "NOT IN", _list(tokens, text))
            case "IS":
                negated = bool(tokens) and _word(tokens[0]) == "NOT"
                absent = _word(tokens.pop(1 if negated else 0)) == "NULL"
                if negated:
                    tokens.pop(0)
                if absent:
                    return Test(key, "IS NOT NULL" if negated else "IS NULL", None)
            case _:
                pass
    except IndexError:
        pass
    raise _unreadable(text)


def _word(token: tuple[str, str]) -> str:
    return token[1].upper() if token[0] == "word" else ""


def _literal(token: tuple[str, str], text: str) -> Value:
    kind, written = token
    if kind == "number":
        return float(written)
    if kind == "string":
        return re.sub(r"\\(.)|''", lambda found: found[1] or "'", written[1:-1])
    if kind == "word" and written.lower() in ("true", "false"):
        return written.lower()
    raise _unreadable(text)


def _list(tokens: list[tuple[str, str]], text: str) -> list[Value]:
    if tokens.pop(0) != ("mark", "("):
        raise _unreadable(text)
    found = []
    while True:
        found.append(_literal(tokens.pop(0), text))
        mark = tokens.pop(0)
        if mark == ("mark", ")"):
            return found
        if mark != ("mark", ","):
            raise _unreadable(text)


def _holds(test: Test, value: Value) -> bool:
    match test.compare:
        case "IS NULL":
            return value is None
        case "IS NOT NULL":
            return value is not None
        case "!=":
            return value is None or not _equal(value, test.value)
        case "NOT IN":
            return value is None or not any(_equal(value, one) for one in test.value)
    if value is None:
        return False
    match test.compare:
        case "=":
            return _equal(value, test.value)
        case "IN":
            return any(_equal(value, one) for one in test.value)
        case "LIKE" | "ILIKE":
            return _is_like(str(value), test.value, ignoring_case=test.compare == "ILIKE")
        case "RLIKE":
            raise Invalid("RLIKE is not supported", hint="Use LIKE, with % for any characters.")
    return _in_order(value, test.compare, test.value)


def _equal(value: Value, wanted: Value) -> bool:
    if isinstance(value, float) or isinstance(wanted, float):
        return _number(value) is not None and _number(value) == _number(wanted)
    return value == wanted


def _in_order(value: Value, compare: str, wanted: Value) -> bool:
    left, right = _number(value), _number(wanted)
    if left is None or right is None:
        return False
    if compare == "<":
        return left < right
    if compare == "<=":
        return left <= right
    return left > right if compare == ">" else left >= right


def _number(value: Value) -> float | None:
    try:
        return float(value) if value is not None else None
    except ValueError:
        return None


def _is_like(value: str, pattern: str, *, ignoring_case: bool) -> bool:
    """`%` is any characters, `_` any one: matched piece by piece, so no pattern is slow."""
    if ignoring_case:
        value, pattern = value.lower(), pattern.lower()
    # Two rows of the usual table: at most 6,000 characters times the value's.
    reached = {0}
    for wanted in pattern:
        if wanted == "%":
            reached = set(range(min(reached), len(value) + 1)) if reached else set()
        else:
            reached = {
                at + 1
                for at in reached
                if at < len(value) and (wanted == "_" or value[at] == wanted)
            }
    return len(value) in reached


def _unreadable(text: str) -> Invalid:
    return Invalid(
        f"this filter can't be read: {text[:200]!r}",
        hint="Comparisons joined by AND: tags.key = 'value' AND name LIKE 'a%'.",
    )
