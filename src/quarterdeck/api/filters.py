"""
The language of `q`: what a person types to find sessions.

    outcome:failure version:14 errors:>3 cost:>5 human:correction tool:bash -tag:test "free text"

Terms are separated by spaces and all must hold.  `field:a,b` means a or b; `-` before a term
means not; `field:""` means that there is none; numbers take `>`, `>=`, `<`, `<=`; quotes keep
spaces, commas and colons; what has no field is searched for in inputs and outputs.  Reading
makes an `Expression` of known fields and plain values; it never makes SQL.  What can't be read
is refused with its position: a filter that silently ignored a misspelled field would show wrong
sessions as right.

The query parameters of the API (`agent=`, `min_cost=`) become terms of the same kind, so there
is one way from a filter to the store.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import get_args

from quarterdeck.errors import Invalid
from quarterdeck.model.interventions import InterventionKind
from quarterdeck.model.outcomes import OUTCOME_LABELS
from quarterdeck.model.sessions import SessionStatus
from quarterdeck.storage.events.session_conditions import (
    Comparison,
    Condition,
    NumberCondition,
    TextCondition,
    WordCondition,
)

Expression = tuple[Condition, ...]
"""All must hold; empty: everything does."""

# Field -> the values that it can have; None: any.
WORD_FIELDS: Mapping[str, tuple[str, ...] | None] = {
    "status": get_args(SessionStatus),
    "outcome": OUTCOME_LABELS,
    "task": None,
    "task_type": None,
    "workflow": None,
    "version": None,
    "environment": None,
    "agent": None,
    "model": None,
    "tool": None,
    "user": None,
    "tag": None,
    "session": None,
    "human": (*get_args(InterventionKind), "any"),
    "case": None,
    "trial": None,
    "finding": None,
    "experiment": ("true", "false"),
    "failed_tool": None,
    "unpriced_model": None,
}
NUMBER_FIELDS: Mapping[str, str] = {
    "errors": "error episodes",
    "cost": "USD",
    "wasted": "USD",
    "duration": "from the first to the last span; 90, 90s, 5m, 2h, 1d",
    "waited": "for people; 90, 90s, 5m, 2h, 1d",
    "spans": "spans",
    "steps": "steps",
    "interventions": "acts of people",
    "handoffs": "handoffs",
    "retries": "retries and fallbacks",
    "tokens": "input and output",
    "quality": "0 to 1",
}
_ALIASES = {
    "env": "environment",
    "type": "task_type",
    "id": "session",
    "intervention": "human",
    "error": "errors",
}
_UNITS_S = {
    "": Decimal(1),
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
_IN_TIME = frozenset({"duration", "waited"})

NOTHING = ""
"""The value that stands for having none; typed as two quotes."""

MAX_LENGTH = 2000  # a whole line of facets is some 200 characters
MAX_TERMS = 30
MAX_VALUES = 100

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"(>=|<=|>|<|=)?\$?([0-9]{1,12}(?:\.[0-9]{1,9})?)(ms|[smhd])?")


def parse(text: str) -> Expression:
    """Raises `Invalid` (code `bad_query`) that tells where and what."""
    if len(text) > MAX_LENGTH:
        raise Invalid(f"the filter has more than {MAX_LENGTH} characters", code="bad_query")
    if "\x00" in text or not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return _Reader(text).read()


def from_parameters(parameters: Mapping[str, Sequence[str]]) -> Expression:
    """
    Conditions of query parameters: word fields by name, a repeated one means any of its values
    (tags: all of them); `min_<number>` and `max_<number>`, inclusive.

    Raises `Invalid` with the parameter's name.
    """
    terms: list[Condition] = []
    for name, values in parameters.items():
        if not values:
            continue
        if name in WORD_FIELDS:
            if len(values) > MAX_VALUES:
                raise Invalid(f"more than {MAX_VALUES} values of {name}", code="bad_query")
            words = tuple(_word(name, value, name) for value in values)
            # Several tags narrow a list down, several values of anything else widen it.
            each = [(word,) for word in words] if name == "tag" else [words]
            terms.extend(WordCondition(field=name, values=some) for some in each)
            continue
        bound, _, field = name.partition("_")
        if bound not in {"min", "max"} or field not in NUMBER_FIELDS:
            raise Invalid(f"no filter is called {name!r}", code="bad_query")
        comparison: Comparison = ">=" if bound == "min" else "<="
        terms.extend(
            NumberCondition(
                field=field, comparison=comparison, value=_number(field, value, name)[1]
            )
            for value in values
        )
    return tuple(terms)


def render(expression: Expression) -> str:
    """The text that `parse` reads as this expression."""
    return " ".join(_rendered(term) for term in expression)


def _rendered(term: Condition) -> str:
    sign = "-" if term.negated else ""
    match term:
        case WordCondition():
            return f"{sign}{term.field}:{','.join(_quoted(value) for value in term.values)}"
        case NumberCondition():
            comparison = "" if term.comparison == "=" else term.comparison
            return f"{sign}{term.field}:{comparison}{term.value:f}"
        case TextCondition():
            return sign + _quoted(term.text)


def _quoted(value: str) -> str:
    if re.fullmatch(r"[\w./@+][\w./@+-]*", value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Reader:
    """A cursor over the text; positions are told from 1."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> Expression:
        terms: list[Condition] = []
        while self._skip_spaces():
            if len(terms) == MAX_TERMS:
                raise self._refused(f"more than {MAX_TERMS} terms")
            terms.append(self._term())
        return tuple(terms)

    def _term(self) -> Condition:
        negated = self._take("-")
        start = self._at
        field = _FIELD.match(self._text, self._at)
        if field is not None and self._text[field.end() : field.end() + 1] == ":":
            self._at = field.end() + 1
            return self._field_term(field.group(), start=start, negated=negated)
        text = self._value(stops_at_comma=False)
        if not text.strip():
            raise self._refused("words to search for are missing", at=start)
        return TextCondition(text=text, negated=negated)

    def _field_term(self, written: str, *, start: int, negated: bool) -> Condition:
        name = _ALIASES.get(written.lower(), written.lower())
        if name in NUMBER_FIELDS:
            value_at = self._at
            place = f"at position {value_at + 1}"
            comparison, number = _number(name, self._value(stops_at_comma=True), place)
            self._expect_end()
            return NumberCondition(field=name, comparison=comparison, value=number, negated=negated)
        if name not in WORD_FIELDS:
            raise self._refused(
                f"no field is called {written!r}",
                at=start,
                hint=f"Fields: {', '.join((*WORD_FIELDS, *NUMBER_FIELDS))}. "
                "To search for this text, put it in quotes.",
            )
        values = [self._word_value(name)]
        while self._take(","):
            if len(values) == MAX_VALUES:
                raise self._refused(f"more than {MAX_VALUES} values")
            values.append(self._word_value(name))
        self._expect_end()
        return WordCondition(field=name, values=tuple(values), negated=negated)

    def _word_value(self, field: str) -> str:
        place = f"at position {self._at + 1}"
        if WORD_FIELDS[field] is None and self._text[self._at : self._at + 2] == '""':
            self._at += 2
            return NOTHING
        return _word(field, self._value(stops_at_comma=True), place)

    def _value(self, *, stops_at_comma: bool) -> str:
        if self._take('"'):
            return self._quoted_value()
        start = self._at
        while self._at < len(self._text):
            char = self._text[self._at]
            if char.isspace() or char == '"' or (char == "," and stops_at_comma):
                break
            self._at += 1
        return self._text[start : self._at]

    def _quoted_value(self) -> str:
        start = self._at - 1
        chars: list[str] = []
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char == '"':
                return "".join(chars)
            if char == "\\" and self._text[self._at : self._at + 1] in {'"', "\\"}:
                char = self._text[self._at]
                self._at += 1
            chars.append(char)
        raise self._refused("this quote is never closed", at=start)

    def _take(self, char: str) -> bool:
        if self._text[self._at : self._at + 1] != char:
            return False
        self._at += 1
        return True

    def _skip_spaces(self) -> bool:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._at < len(self._text)

    def _expect_end(self) -> None:
        if self._at < len(self._text) and not self._text[self._at].isspace():
            raise self._refused(f"{self._text[self._at]!r} can't stand here")

    def _refused(self, why: str, *, at: int | None = None, hint: str = "") -> Invalid:
        position = (self._at if at is None else at) + 1
        return Invalid(f"at position {position}: {why}", hint=hint, code="bad_query")


def _word(field: str, value: str, place: str) -> str:
    known = WORD_FIELDS[field]
    if known is not None or field == "environment":
        value = value.lower()  # environments are kept in lower case
    if not value:
        raise Invalid(
            f"{place}: {field} needs a value",
            hint=f'For sessions that have none, write {field}:"".',
            code="bad_query",
        )
    if field == "trial" and not (value.isascii() and value.isdigit()):
        raise Invalid(f"{place}: a trial is a number from 0, not {value!r}", code="bad_query")
    if known is not None and value not in known:
        raise Invalid(
            f"{place}: {field} is never {value!r}",
            hint=f"It is one of: {', '.join(known)}.",
            code="bad_query",
        )
    return value


def _number(field: str, value: str, place: str) -> tuple[Comparison, Decimal]:
    match = _NUMBER.fullmatch(value)
    if match is None or (match.group(3) and field not in _IN_TIME):
        raise Invalid(
            f"{place}: {field} is compared with a number, not with {value!r}",
            hint=f"Write {field}:>3 or {field}:<=3 ({NUMBER_FIELDS[field]}).",
            code="bad_query",
        )
    comparison: Comparison = match.group(1) or "="  # type: ignore[assignment]  # by the pattern
    return comparison, Decimal(match.group(2)) * _UNITS_S[match.group(3) or ""]
