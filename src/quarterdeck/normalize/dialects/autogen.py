"""
AutoGen (0.7.5): messaging spans of the runtime, and agents and tools of agentchat.

Without an outer span one team run is split over many traces.  What they share is the team's
UUID, in `messaging.destination` and in the agents' ids: it joins them.  The same UUID is the
suffix of agent names on messages and is cut off.  There are no model spans and no model names;
token counts occur only inside message payloads, so nothing is spent here unless a second
instrumentation tells it.  A `UserProxyAgent` is a person, unless the project says it is scripted.
"""

import re

from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.spans import Value
from quarterdeck.normalize.dialect import (
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
)
from quarterdeck.normalize.synthesis import word_of

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SUFFIX = re.compile(r"_[0-9a-f]{8}-[0-9a-f]{4}-.*$")
_HUMANS = frozenset({"user_proxy", "userproxy", "user", "human"})
_DEFAULT_DESCRIPTIONS = (
    "An agent that provides assistance",
    "A human user",
    "A code executor agent",
    "A computer terminal",
)
"""AutoGen's own words, where the user gave none: they tell no role."""
_UNHANDLED = "Unhandled message in agent container"


def _team(value: Value) -> tuple[str, ...] | None:
    if not isinstance(value, str):
        return None
    found = _UUID.search(value, 0, 600)
    return (f"team:{found.group()}",) if found is not None else None


def _agent(value: Value) -> str | None:
    if not isinstance(value, str):
        return None
    return _SUFFIX.sub("", value.strip()[:300]) or None


def _messaging(name: str) -> Kind | None:
    return Kind("step", "messaging") if name.startswith("autogen ") else None


def _adjust(draft: Draft) -> None:
    found = draft.found
    if found.get("role_hint", "").startswith(_DEFAULT_DESCRIPTIONS):
        del found["role_hint"]
    if found["kind"] == "agent":
        if found.get("subkind") == "create_agent":
            # Built before the run, each in a trace of its own that nothing joins to it.
            found["ghost"] = not draft.raw.parent_span_id
        elif _is_person(draft):
            _read_person(draft)
    elif found.get("subkind") == "messaging" and _UNHANDLED in draft.raw.status_message:
        # The group tells every member that another one failed; members complain that they
        # can't handle that.  The failure itself is on the member's own span.
        found["status_word"] = "unset"
        found["status"] = "unset"


def _is_person(draft: Draft) -> bool:
    if draft.settings.scripted_humans:
        return False
    name = draft.found.get("agent", "").lower()
    return name in _HUMANS or (
        word_of(draft.attributes, "gen_ai.agent.description") == "A human user"
    )


def _read_person(draft: Draft) -> None:
    raw = draft.raw
    draft.found["kind"], draft.found["subkind"] = "human", ""
    draft.found["display_name"] = draft.found.get("agent", "")
    answered = raw.end_ns > raw.start_ns and raw.status_code != 2
    draft.found["human"] = HumanAct(
        asked="question",
        waited_ns=raw.end_ns - raw.start_ns if answered else None,
        by=draft.found.get("agent", ""),
    )


DIALECT = Dialect(
    name="autogen",
    framework="autogen",
    recognizes=Recognizes(
        scopes=("autogen",),
        names=("autogen ",),
        keys=("sender_agent_type", "recipient_agent_type"),
    ),
    kinds=(KindSource(5, "", read=_messaging, gated=True),),
    sources=(
        Source("join_keys", 10, "messaging.destination", _team, gated=True),
        Source("join_keys", 20, "gen_ai.agent.id", _team, gated=True),
        Source("join_keys", 30, "sender_agent_type", _team, gated=True),
        Source("join_keys", 31, "recipient_agent_type", _team, gated=True),
        Source("agent", 5, "gen_ai.agent.name", _agent, gated=True),
    ),
    adjust=_adjust,
)
