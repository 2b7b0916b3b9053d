"""Workflows, their versions, and what two of them differ in."""

from typing import Any, Literal

from pydantic import Field

from quarterdeck.api.answers.answer import Answer, Cursor, Instant, left_out


class RunsWhere(Answer):
    """What an environment runs."""

    environment: str
    stable: int
    """A version's number."""
    candidate: int | None
    """The version that has a share; null for none."""
    share: float
    """Of the candidate, 0 to 1."""
    revision: int
    """From 1: how many moves made it so."""
    at: Instant
    by: str


class WorkflowShown(Answer):
    name: str
    description: str
    """As the newest version says; empty also where its files can't be read."""
    latest: int
    """The newest version's number."""
    versions: int
    created_at: Instant
    created_by: str
    environments: list[RunsWhere]
    """By name."""


class WorkflowList(Answer):
    workflows: list[WorkflowShown]
    """By name."""
    total: int
    next_cursor: Cursor


class WorkflowVersionRow(Answer):
    workflow: str
    version: int
    """From 1, in the order of pushes."""
    digest: str
    """`sha256:` and 64 hex digits of every file's path and bytes and of every pin."""
    message: str
    git: dict[str, Any]
    """`commit`, `branch`, `dirty`, `repository`, as far as the pushing side told."""
    tags: list[str]
    created_at: Instant
    created_by: str
    running_in: list[str]
    """Environments that run it, as stable or as candidate."""


class WorkflowVersionList(Answer):
    versions: list[WorkflowVersionRow]
    """Newest first."""
    next_cursor: Cursor


class WorkflowFile(Answer):
    path: str
    bytes: int
    sha256: str
    """64 hex digits."""


class PinShown(Answer):
    """What a reference of the manifest meant when the version was pushed."""

    kind: Literal["prompt", "learned"]
    name: str
    digest: str
    """Empty: nobody told one."""
    version: int
    """Of a prompt that the manifest names by number; else 0."""
    uri: str
    """Of weights."""
    text: str
    """Of a prompt."""


class WorkflowVersionShown(WorkflowVersionRow):
    verified: bool
    """That files and pins have the digest now.  A version that has not is answered `tampered`."""
    manifest: dict[str, Any]
    """`workflow.yaml`, without what is at its default."""
    prompts: dict[str, str]
    """By agent; `context:NAME` is a policy's summary prompt."""
    tools: dict[str, dict[str, Any]]
    """By name, of the tools that have a file."""
    pins: list[PinShown]
    files: list[WorkflowFile]
    """By path."""


class WorkflowPushed(Answer):
    created: bool
    """False: this content was there already, as this version."""
    version: WorkflowVersionShown


class WorkflowFiles(Answer):
    workflow: str
    version: int
    digest: str
    files: dict[str, str]
    """Base64 of the exact bytes, by path."""


class WorkflowTags(Answer):
    workflow: str
    tags: dict[str, int]
    """The version that each points at."""


Area = Literal[
    "permissions", "budgets", "prompts", "tools", "models", "memory", "context", "escalation",
    "handoffs", "mcp_servers", "learned", "other",
]  # fmt: skip
ChangeKind = Literal["added", "removed", "changed"]


class VersionRef(Answer):
    version: int
    digest: str


class ComparedSentence(Answer):
    area: Area
    severity: Literal["widens", "narrows", "changes"]
    """Whether agents may do, spend or see more by it, or less."""
    text: str


class ComparedText(Answer):
    before: str
    after: str


class ComparedChange(Answer):
    area: Area
    path: str
    """`tools.block_card.permission`; an item of a list in brackets, by what it is about."""
    kind: ChangeKind
    before: Any
    """Null where it was added."""
    after: Any
    text: ComparedText = left_out()
    """Of long texts, both whole."""


class ComparedFile(Answer):
    path: str
    kind: ChangeKind
    before: str | None
    """SHA-256, in hex."""
    after: str | None


class WorkflowComparison(Answer):
    from_: VersionRef = Field(alias="from")
    to: VersionRef
    summary: list[ComparedSentence]
    """One for each change, what agents may do first."""
    changes: list[ComparedChange]
    files: list[ComparedFile]
    textual_only: bool
    """Files differ, and nothing that they say does."""
