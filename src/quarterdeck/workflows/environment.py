"""
What an environment runs after a move: the rules of release, canary, promotion and rollback.

Pure: the state before, what is asked for, and what happened until now give the state after or a
named refusal.  Whose turn it is, and that only one of two moves at once counts, is the records'.

The stable versions are a stack.  Release and promotion push; a rollback of a canary drops the
candidate and leaves the stack; a rollback without one takes the top away.  So two rollbacks go two
back, and not to and fro.

Refused: a move that would change nothing.  Who asks for one believes something that is not so.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, assert_never

import msgspec
from msgspec import UNSET, UnsetType

from quarterdeck.workflows.assign import WHOLE_BP
from quarterdeck.workflows.manifest import StickyBy

Kind = Literal["release", "canary", "share", "hold", "resume", "promote", "rollback"]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What runs."""

    stable: int
    """A version's number."""
    candidate: int | None = None
    share_bp: int = 0
    """Of the candidate, in 1/10,000 of what is assigned; 0 without one."""
    sticky_by: StickyBy = "session"
    release_id: str = ""
    """Of the canary that runs, "" for none."""
    auto: bool = False
    """Whether the watch may promote and roll back by itself."""
    rule: dict[str, Any] = {}
    held: bool = False
    """The share stays as it is, and the watch does nothing by itself."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A move that somebody wants."""

    kind: Kind
    version: int | None = None
    """For release and canary."""
    share_bp: int | None = None
    """For canary and share."""
    sticky_by: StickyBy | None = None
    """For canary."""
    auto: bool | None = None
    """For canary, share and resume; None leaves it, and is no at first."""
    rule: dict[str, Any] | UnsetType = UNSET
    """As `auto`."""
    release_id: str = ""
    """For canary: what the new one is called."""


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """A move of the past, as far as the next one depends on it."""

    kind: Kind
    stable: int
    """After it."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no state after."""

    name: Literal[
        "incomplete", "not_for_this", "share", "nothing_runs", "already_runs", "already_candidate",
        "canary_runs", "no_canary", "held", "not_held", "same_share", "nothing_earlier",
    ]  # fmt: skip
    message: str
    hint: str = ""


INPUT_FAULTS = frozenset({"incomplete", "not_for_this", "share"})
"""Refusals that no state of the environment would change."""

_TAKES: dict[str, frozenset[str]] = {
    "release": frozenset({"version"}),
    "canary": frozenset({"version", "share_bp", "sticky_by", "auto", "rule"}),
    "share": frozenset({"share_bp", "auto", "rule"}),
    "hold": frozenset(),
    "resume": frozenset({"auto", "rule"}),
    "promote": frozenset(),
    "rollback": frozenset(),
}
_NEEDS: dict[str, tuple[str, ...]] = {
    "release": ("version",),
    "canary": ("version", "share_bp"),
    "share": ("share_bp",),
}
_WORDS = {"share_bp": "a share", "sticky_by": "what it is sticky by", "version": "a version"}


def next_state(state: State | None, asked: Asked, history: Sequence[Happened]) -> State | Refusal:
    """
    What runs after `asked`.  `state` is None, and `history` empty, where nothing was ever released;
    `history` is all of the environment's moves, oldest first.
    """
    if (fault := _fault_of(asked)) is not None:
        return fault
    match asked.kind:
        case "release":
            return _release(state, asked)
        case "canary":
            return _canary(state, asked)
        case "share" | "hold" | "resume" | "promote":
            return _of_canary(state, asked)
        case "rollback":
            return _rollback(state, history)
        case _:
            assert_never(asked.kind)


def stable_stack(history: Iterable[Happened]) -> list[int]:
    """The stable versions that rollbacks would go through, the one that runs last."""
    stack: list[int] = []
    for move in history:
        match move.kind:
            case "release" | "promote":
                stack.append(move.stable)
            case "rollback":
                # That of a canary leaves what is stable.
                if stack[-1:] != [move.stable]:
                    stack = stack[:-1]
            case "canary" | "share" | "hold" | "resume":
                pass
            case _:
                assert_never(move.kind)
    return stack


def _fault_of(asked: Asked) -> Refusal | None:
    told = {
        name
        for name in ("version", "share_bp", "sticky_by", "auto", "rule")
        if getattr(asked, name) not in (None, UNSET)
    }
    for name in _NEEDS.get(asked.kind, ()):
        if name not in told:
            return Refusal(name="incomplete", message=f"a {asked.kind} needs {_WORDS[name]}")
    for name in sorted(told - _TAKES[asked.kind]):
        return Refusal(
            name="not_for_this", message=f"a {asked.kind} takes no {name.removesuffix('_bp')}"
        )
    if asked.share_bp is not None and not 0 < asked.share_bp < WHOLE_BP:
        return Refusal(
            name="share",
            message=f"a share of {asked.share_bp / 100:g} % is no share",
            hint="More than 0 % and less than 100 %: to end it, promote or roll back.",
        )
    return None


def _release(state: State | None, asked: Asked) -> State | Refusal:
    version = asked.version or 0
    if state is None:
        return State(stable=version)
    if version == state.candidate:
        return Refusal(
            name="canary_runs",
            message=f"version {version} is the candidate there",
            hint="Promote it, and it gets all of the traffic.",
        )
    if version == state.stable:
        return Refusal(
            name="already_runs" if state.candidate is None else "canary_runs",
            message=f"version {version} runs there already",
            hint="" if state.candidate is None else "To end the canary beside it, roll back.",
        )
    return State(stable=version)


def _canary(state: State | None, asked: Asked) -> State | Refusal:
    version = asked.version or 0
    if state is None:
        return Refusal(
            name="nothing_runs",
            message="nothing runs there yet that a share could be taken from",
            hint="Release a version to all first, without a share.",
        )
    if version == state.stable:
        return Refusal(name="already_runs", message=f"version {version} runs there already")
    if state.candidate is not None:
        same = version == state.candidate
        return Refusal(
            name="already_candidate" if same else "canary_runs",
            message=f"version {state.candidate} has a share there already",
            hint="Change its share." if same else "Promote it or roll it back first.",
        )
    return State(
        stable=state.stable,
        candidate=version,
        share_bp=asked.share_bp or 0,
        sticky_by=asked.sticky_by or "session",
        release_id=asked.release_id,
        auto=bool(asked.auto),
        rule={} if asked.rule is UNSET else asked.rule,
    )


def _of_canary(state: State | None, asked: Asked) -> State | Refusal:
    """What happens to a candidate that has a share."""
    if state is None or state.candidate is None:
        return Refusal(
            name="no_canary",
            message="no version has a share there",
            hint="Release one with a share first.",
        )
    told = {
        **({} if asked.auto is None else {"auto": asked.auto}),
        **({} if asked.rule is UNSET else {"rule": asked.rule}),
    }
    match asked.kind:
        case "promote":
            return State(stable=state.candidate)
        case "hold":
            if state.held:
                return Refusal(name="held", message="the release is held already")
            return msgspec.structs.replace(state, held=True)
        case "resume":
            if not state.held:
                return Refusal(name="not_held", message="the release is not held")
            return msgspec.structs.replace(state, held=False, **told)
        case _:
            if state.held:
                return Refusal(
                    name="held",
                    message="the release is held",
                    hint="Resume it, then change its share.",
                )
            share = {"share_bp": asked.share_bp, **told}
            after = msgspec.structs.replace(state, **share)
            if after == state:
                return Refusal(
                    name="same_share",
                    message=f"version {state.candidate} has {state.share_bp / 100:g} % already",
                )
            return after


def _rollback(state: State | None, history: Sequence[Happened]) -> State | Refusal:
    if state is not None and state.candidate is not None:
        return State(stable=state.stable)
    stack = stable_stack(history)
    if len(stack) < 2:
        return Refusal(
            name="nothing_earlier",
            message="no version ran there before"
            if state is None
            else f"no version ran there before version {state.stable}",
            hint="Release the version that is meant.",
        )
    return State(stable=stack[-2])
