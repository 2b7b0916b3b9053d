"""
Tool calls that no span shows: a model asked for them, and a later model call knows the answer.

Some instrumentations record model calls only (CrewAI's through OpenLLMetry, bare provider
instrumentation around an agent loop): the calls really ran, and only the messages tell.  A call
counts when it was asked for and answered, no tool span has its id, and the session has no tool
span of that name at all: libraries that make spans often leave the id out.  Whether such a call
failed is not known; a transfer to another agent and a question to a person are no tool calls.
"""

from functools import lru_cache

from quarterdeck.assembly.tool_use import MAX_SHARED_CALL, ToolKey, plain_name
from quarterdeck.assembly.tree import Linked
from quarterdeck.model.spans import Span
from quarterdeck.normalize.tools import ask_of, handoff_of


class UnseenCalls:
    """Running counts; every change of a span costs the call ids that it names."""

    def __init__(self) -> None:
        self._asked: dict[str, list[tuple[tuple[int, str, str], ToolKey]]] = {}
        """Call id -> who asked for what, in any order."""
        self._answered: set[str] = set()
        self._shown: dict[str, int] = {}
        self._counted: dict[str, ToolKey] = {}
        self._uses: dict[ToolKey, int] = {}

    def link_model(self, linked: Linked) -> None:
        self._change(linked, 1)

    def unlink_model(self, linked: Linked) -> None:
        self._change(linked, -1)

    def _change(self, linked: Linked, sign: int) -> None:
        for request in linked.span.requested:
            if not request.call_id or not _is_tool(request.name):
                continue
            asked = self._asked.setdefault(request.call_id, [])
            entry = (linked.entry[:3], (linked.agent, request.name))
            if sign > 0:
                asked.append(entry)
            else:
                asked.remove(entry)
            self._settle(request.call_id)

    def set_answered(self, answered: set[str], changed: set[str]) -> None:
        """The call ids whose results a span has seen, and those of them to look at again."""
        self._answered = answered
        for call_id in changed:
            self._settle(call_id)

    def link_tool(self, span: Span) -> None:
        self._show(span.tool_call_id, 1)

    def unlink_tool(self, span: Span) -> None:
        self._show(span.tool_call_id, -1)

    def _show(self, call_id: str, sign: int) -> None:
        if call_id:
            self._shown[call_id] = self._shown.get(call_id, 0) + sign
            self._settle(call_id)

    def _settle(self, call_id: str) -> None:
        asked = self._asked.get(call_id)
        use = None
        is_unseen = call_id in self._answered and not self._shown.get(call_id)
        if asked and is_unseen and len(asked) <= MAX_SHARED_CALL:
            use = min(asked)[1]
        known = self._counted.get(call_id)
        if use == known:
            return
        if known is not None:
            self._uses[known] -= 1
            if not self._uses[known]:
                del self._uses[known]
        if use is None:
            del self._counted[call_id]
        else:
            self._counted[call_id] = use
            self._uses[use] = self._uses.get(use, 0) + 1

    def uses(self, seen: set[str]) -> dict[ToolKey, int]:
        """Agent and tool -> calls, of tools that are not among the `seen` (plain names)."""
        return {use: n for use, n in self._uses.items() if plain_name(use[1]) not in seen}


@lru_cache(maxsize=4096)
def _is_tool(name: str) -> bool:
    return bool(name) and handoff_of(name, None, "") is None and ask_of(name, ()) is None
