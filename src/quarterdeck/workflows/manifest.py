"""
The manifest: what one version of a workflow says, as values.

A workflow is a folder: `workflow.yaml`, and the files that it names (`prompts/*.md`,
`tools/*.json`).  `Manifest` is what `workflow.yaml` says; `JSON_SCHEMA` is made of these types, so
that an editor, the validation and the code can't disagree.  Field docstrings are what an editor
shows.  Conditions are CEL (`conditions.py` lists what each can see).

Refused: unknown fields, at every level.  A misspelled `permision` must not mean "allow".
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

Name = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$")]
"""Of an agent, a tool, a route, a namespace: letters, digits, `_.-`, 1 to 100 characters."""
Cel = Annotated[str, Meta(min_length=1, max_length=2000)]
"""A condition: a CEL expression that gives a bool."""
Path = Annotated[str, Meta(min_length=1, max_length=400)]
"""Of a file in the workflow's folder: relative, `/` between parts, no `..`."""
Seconds = Annotated[float, Meta(gt=0, le=30 * 86_400)]
Count = Annotated[int, Meta(ge=0, le=10**12)]
Dollars = Annotated[str, Meta(pattern=r"^\d{1,9}(\.\d{1,9})?$")]
"""USD as text, `"2.50"`: money is never a float."""

Permission = Literal["allow", "ask", "deny"]
FailureKind = Literal[
    "rate_limited", "overloaded", "timeout", "server_error", "connection", "content_filter",
    "context_too_long", "invalid_response", "budget_exceeded",
]  # fmt: skip
"""Why a model call failed, in the words that the fallback of every provider is written in."""
StickyBy = Literal["session", "user", "task"]
MemoryScope = Literal["project", "user", "session", "task"]


class _Part(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What all parts of a manifest have in common: frozen, and strict about names."""


class RegisteredPrompt(_Part, frozen=True, kw_only=True):
    """A prompt of the registry, which any client may have put there."""

    registry: Annotated[str, Meta(min_length=1, max_length=400)]
    """Its name."""
    version: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    digest: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")] | UnsetType = UNSET
    """Of its content.  One of `version` and `digest` is needed: a label would move."""


class Agent(_Part, frozen=True, kw_only=True):
    """One agent: what it is for, what it is told, what it may use."""

    role: str = ""
    """planner, coder, reviewer, …"""
    description: str = ""
    instructions: Path | RegisteredPrompt | UnsetType = UNSET
    """Its system prompt: a file of the folder, or a prompt of the registry."""
    model: Name | UnsetType = UNSET
    """A route of `models`."""
    tools: tuple[Name, ...] = ()
    """Those of `tools` that it is offered.  What is not named here it can't call."""
    handoffs: tuple[Name, ...] = ()
    """Agents that it may hand control to."""
    memory: tuple[Name, ...] = ()
    """Namespaces of `memory` that it reads."""
    context: Name | UnsetType = UNSET
    """A policy of `context`."""
    mcp_servers: tuple[Name, ...] = ()


class PermissionRule(_Part, frozen=True, kw_only=True):
    """The first rule whose condition holds decides."""

    when: Cel
    permission: Permission


class Ask(_Part, frozen=True, kw_only=True):
    """How a person is asked."""

    question: str = ""
    """What the person reads beside the arguments."""
    timeout_s: Seconds = 900.0
    default: Literal["allow", "deny"] = "deny"
    """What holds when nobody answers in time."""


class Tool(_Part, frozen=True, kw_only=True):
    """A tool: what it takes, and whether it may be called."""

    schema: Path | UnsetType = UNSET
    """A file with `name`, `description` and `parameters` (JSON Schema of the arguments)."""
    permission: Permission = "allow"
    """Where no rule holds."""
    rules: tuple[PermissionRule, ...] = ()
    """Conditions see `args`, `tool`, `agent`, `session`, `task`, `environment`."""
    ask: Ask = Ask()
    timeout_s: Seconds | UnsetType = UNSET
    retries: Annotated[int, Meta(ge=0, le=20)] = 0


class Target(_Part, frozen=True, kw_only=True):
    """One choice for a model call."""

    model: Annotated[str, Meta(min_length=1, max_length=300)]
    provider: str = ""
    when: Cel | UnsetType = UNSET
    """Taken only where this holds; conditions see `task`, `request`, `agent`, `session`,
    `environment`."""
    parameters: dict[str, Any] = {}
    """Sampling: temperature, top_p, max_tokens, reasoning_effort, … as the provider names them."""
    timeout_s: Seconds = 60.0
    retries: Annotated[int, Meta(ge=0, le=20)] = 2
    """More tries at this target before the next one, on failures that another try may cure."""
    adapter: Name | UnsetType = UNSET
    """An entry of `learned`: the adapter or checkpoint that this target serves."""


class Fallback(_Part, frozen=True, kw_only=True):
    """What happens after a failure of one of these kinds."""

    on: Annotated[tuple[FailureKind, ...], Meta(min_length=1)]
    action: Literal["retry", "next", "fail", "ask"] = "next"
    """`next` is the next target whose condition holds."""
    route: Name | UnsetType = UNSET
    """With `next`: go to this route instead."""


class Route(_Part, frozen=True, kw_only=True):
    """A named choice of models, in order."""

    targets: Annotated[tuple[Target, ...], Meta(min_length=1)]
    fallbacks: tuple[Fallback, ...] = ()


class MemoryNamespace(_Part, frozen=True, kw_only=True):
    """What agents learn and keep across sessions."""

    scope: MemoryScope = "project"
    """Whose it is: everybody's, one user's, one session's, one task type's."""
    description: str = ""
    ttl_days: Annotated[float, Meta(gt=0, le=3650)] | UnsetType = UNSET
    """Entries go this long after they were written."""
    writers: tuple[Name, ...] | UnsetType = UNSET
    """Agents that may write; not said: all that read it.  Empty: none."""


class ContextPolicy(_Part, frozen=True, kw_only=True):
    """What of a conversation is kept from turn to turn."""

    keep_system: bool = True
    keep_first_turns: Count = 0
    keep_last_turns: Count | UnsetType = UNSET
    """Not said: all."""
    keep_tool_results: Count | UnsetType = UNSET
    """Of the last so many tool calls."""
    max_tokens: Count | UnsetType = UNSET
    summarize_above_tokens: Count | UnsetType = UNSET
    summarizer: Name | UnsetType = UNSET
    """A route of `models`."""
    summary_prompt: Path | RegisteredPrompt | UnsetType = UNSET


class Budget(_Part, frozen=True, kw_only=True):
    """An upper limit, inclusive, of each that is said."""

    usd: Dollars | UnsetType = UNSET
    tokens: Count | UnsetType = UNSET
    model_calls: Count | UnsetType = UNSET
    tool_calls: Count | UnsetType = UNSET
    duration_s: Seconds | UnsetType = UNSET
    on_exceeded: Literal["stop", "ask", "warn"] = "stop"


class Budgets(_Part, frozen=True, kw_only=True):
    session: Budget | UnsetType = UNSET
    tasks: dict[str, Budget] = {}
    """By task type, for one session of that type: beside `session`, the lower limit holds."""


class Escalation(_Part, frozen=True, kw_only=True):
    """When a person is asked, whatever tool is called."""

    when: Cel
    """Sees `session`, `task`, `agent`, `environment`."""
    question: str = ""
    timeout_s: Seconds = 900.0
    default: Literal["continue", "stop"] = "stop"


class McpServer(_Part, frozen=True, kw_only=True):
    """A server of tools.  Secrets are named, never written: `${env:NAME}`."""

    url: str | UnsetType = UNSET
    command: tuple[str, ...] | UnsetType = UNSET
    """Program and arguments of a local server.  One of `url` and `command` is needed."""
    headers: dict[str, str] = {}
    environment: dict[str, str] = {}
    tools: tuple[str, ...] | UnsetType = UNSET
    """Those that may be seen; not said: all."""
    permission: Permission = "ask"
    """For its tools that `tools` of the manifest does not name."""


class Learned(_Part, frozen=True, kw_only=True):
    """What was learned outside: a model adapter, a fine-tuned checkpoint."""

    uri: Annotated[str, Meta(min_length=1, max_length=2000)]
    """`models:/NAME/VERSION` of an MLflow registry, or any address; never fetched by the server."""
    digest: Annotated[str, Meta(pattern=r"^[a-z0-9]+:[0-9A-Za-z+/=_-]{16,128}$")] | UnsetType = (
        UNSET
    )
    """Of the weights, so that the reference can't come to mean others.  `workflow push` fills it in
    where the registry tells one."""
    base_model: str = ""
    served_by: str = ""
    """Who loads it: what a rollback tells to be moved by hand."""


class Manifest(_Part, frozen=True, kw_only=True):
    """`workflow.yaml`."""

    name: Name
    agents: Annotated[dict[Name, Agent], Meta(min_length=1)]
    description: str = ""
    tools: dict[Name, Tool] = {}
    models: dict[Name, Route] = {}
    memory: dict[Name, MemoryNamespace] = {}
    memory_checkpoint: str = ""
    """The checkpoint that this version was made with: rolling back to the version offers it."""
    context: dict[Name, ContextPolicy] = {}
    budgets: Budgets = Budgets()
    escalation: tuple[Escalation, ...] = ()
    mcp_servers: dict[Name, McpServer] = {}
    learned: dict[Name, Learned] = {}


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow as bytes: what is pushed, and what is pulled, exactly."""

    files: dict[str, bytes]
    """By path relative to the folder.  `workflow.yaml` and every file that it names; no others."""


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """What a reference of the manifest meant when it was pushed: covered by the digest."""

    kind: Literal["prompt", "learned"]
    name: str
    """Of the prompt in the registry; of the entry of `learned`."""
    digest: str
    """"" where nobody tells one (a `learned` entry without a digest)."""
    version: int = 0
    """As the manifest names it; 0 where it names a digest only."""
    uri: str = ""
    text: str = ""
    """Of a prompt, whole: a version outlives what the registry deletes."""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """An immutable version of a workflow, whole."""

    workflow: str
    version: int
    """From 1, in the order of the pushes."""
    digest: str
    """`sha256:…` of every file's path and bytes and of every pin (`digest.py`)."""
    manifest: Manifest
    prompts: dict[str, str]
    """Text by agent name: its instructions; `context:NAME` is a policy's summary prompt."""
    tools: dict[str, dict[str, Any]]
    """By name: `{"name", "description", "parameters"}`, as its file says."""
    pins: tuple[Pin, ...] = ()


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `workflow.yaml`, for editors and for validation."""
    return msgspec.json.schema(Manifest)
