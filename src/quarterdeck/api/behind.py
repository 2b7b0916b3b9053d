"""
Which sessions a number is of, as the filter that shows exactly them.

Every number of the overview carries one, so that whoever doubts it can look.
"""

from decimal import Decimal
from typing import Any, NamedTuple

from quarterdeck.api.filters import NOTHING, Expression, render
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.events.session_conditions import (
    Comparison,
    Condition,
    NumberCondition,
    WordCondition,
)
from quarterdeck.storage.events.session_reads import SessionFilter

_ALWAYS = SessionFilter()


class View(NamedTuple):
    """Sessions that pass the conditions and began in [since_ns, until_ns)."""

    conditions: Expression = ()
    since_ns: int = _ALWAYS.since_ns
    until_ns: int = _ALWAYS.until_ns

    def during(self, since_ns: int, until_ns: int) -> "View":
        return self._replace(since_ns=since_ns, until_ns=until_ns)

    def always(self) -> "View":
        """Whenever they began."""
        return View(self.conditions)

    def that(self, *more: Condition) -> "View":
        return self._replace(conditions=(*self.conditions, *more))

    def where(self) -> SessionFilter:
        return SessionFilter(
            since_ns=self.since_ns, until_ns=self.until_ns, conditions=self.conditions
        )

    def behind(self, sessions: int) -> dict[str, Any]:
        """The `Behind` of an answer; `sessions` is how many there are."""
        return {
            "q": render(self.conditions),
            "since": to_rfc3339(self.since_ns) if self.since_ns > _ALWAYS.since_ns else "",
            "until": to_rfc3339(self.until_ns) if self.until_ns < _ALWAYS.until_ns else "",
            "sessions": sessions,
        }


def view_of(where: SessionFilter) -> View:
    """With what query parameters say beside `q` as terms of the language, which has all of it."""
    more: list[Condition] = []
    if where.has_intervention is not None:
        more.append(is_in("human", "any", negated=not where.has_intervention))
    if where.has_errors is not None:
        more.append(number("errors", ">" if where.has_errors else "=", 0))
    if where.experiment is not None:
        more.append(is_in("experiment", "true" if where.experiment else "false"))
    return View((*where.conditions, *more), where.since_ns, where.until_ns)


def is_in(field: str, *values: str, negated: bool = False) -> WordCondition:
    """ "" among the values means that the session has none."""
    return WordCondition(
        field=field, values=tuple(value or NOTHING for value in values), negated=negated
    )


def number(field: str, comparison: Comparison, value: int | Decimal) -> NumberCondition:
    return NumberCondition(field=field, comparison=comparison, value=Decimal(value))
