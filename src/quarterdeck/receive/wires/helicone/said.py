"""
What Helicone's headers say of a request: its session, its place in it, its user, its properties.

They come as HTTP headers, as keys of the log's `meta` (the SDK of 2023), or only inside the log's
own list of headers, which is what the logger was made with.  Names are compared in lower case:
clients differ in how they write them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PREFIX = "helicone-"
_PROPERTY = "property-"
_CREDENTIALS = frozenset({"helicone-auth", "helicone-openai-api-key"})
_SESSION_NAMES = ("session", "session_id", "session-id", "sessionid", "thread_id", "threadid",
                  "conversation_id")  # fmt: skip
_MAX_PATH = 20
"""Parts of a session's path.  Trees that people draw have 3 to 6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    session: str = ""
    session_name: str = ""
    path: tuple[str, ...] = ()
    user: str = ""
    request_id: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """All of Helicone's, names in lower case without the prefix, none of them a credential."""

    def attributes(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "helicone.session.id": self.session,
            "helicone.session.name": self.session_name,
            "helicone.session.path": "/" + "/".join(self.path) if self.path else "",
            "helicone.user.id": self.user,
            "helicone.properties": dict(self.properties),
        }
        return {name: value for name, value in found.items() if value}


def helicone_headers(headers: Mapping[str, Any]) -> dict[str, str]:
    """Those of them that are Helicone's."""
    return {
        name.lower(): value
        for name, value in headers.items()
        if name.lower().startswith(_PREFIX)
        and name.lower() not in _CREDENTIALS
        and isinstance(value, str)
    }


def read_headers(*sources: Mapping[str, Any]) -> Said:
    """The first source that tells a thing decides it."""
    found: dict[str, str] = {}
    for source in reversed(sources):
        found.update(helicone_headers(source))
    bare = {name.removeprefix(_PREFIX): value for name, value in found.items()}
    properties = {
        name.removeprefix(_PROPERTY): value
        for name, value in bare.items()
        if name.startswith(_PROPERTY)
    }
    session = bare.get("session-id", "") or session_of(properties)
    path = [part.strip()[:200] for part in bare.get("session-path", "").split("/")]
    return Said(
        session=session,
        session_name=bare.get("session-name", ""),
        path=tuple(part for part in path if part)[:_MAX_PATH],
        user=bare.get("user-id", "") or str(properties.get("user") or ""),
        request_id=bare.get("request-id", ""),
        properties=properties,
        headers={k: v for k, v in bare.items() if not k.startswith(_PROPERTY)},
    )


def session_of(properties: Mapping[str, Any]) -> str:
    """The session that a property names: before sessions had headers, people did so."""
    lowered = {name.lower(): value for name, value in properties.items()}
    named = (lowered.get(name) for name in _SESSION_NAMES)
    return next((value for value in named if isinstance(value, str) and value), "")
