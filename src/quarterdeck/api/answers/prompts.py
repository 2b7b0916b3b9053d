"""Prompts, their versions, and the labels that point at these."""

from typing import Any, Literal

from quarterdeck.api.answers.answer import Answer, Cursor, Instant


class PromptShown(Answer):
    name: str
    description: str
    tags: list[str]
    metadata: dict[str, Any]
    created_at: Instant
    created_by: str
    updated_at: Instant
    latest: int
    """The number of the newest version; 0 = there is none."""
    labels: dict[str, int]
    """The version that each points at."""


class PromptList(Answer):
    prompts: list[PromptShown]
    """By name."""
    total: int
    next_cursor: Cursor


class PromptVersionRow(Answer):
    name: str
    version: int
    """From 1; a deleted one's number is not given again."""
    version_id: str
    digest: str
    """`sha256:` and 64 hex digits of the canonical content: equal for what says the same."""
    labels: list[str]
    message: str
    metadata: dict[str, Any]
    created_at: Instant
    created_by: str


class PromptVersionList(Answer):
    versions: list[PromptVersionRow]
    """Newest first, without content."""
    next_cursor: Cursor


class PromptContentShown(Answer):
    kind: Literal["text", "chat"]
    text: str
    messages: list[dict[str, Any]]
    templating: str
    """`mustache`, `f-string`, `jinja2`, `none`; empty = nobody told."""
    model: str
    provider: str
    parameters: dict[str, Any]
    tools: list[Any]
    response_format: Any
    source: dict[str, Any]
    """By client: what it sent, verbatim."""


class PromptVersionShown(PromptVersionRow):
    content: PromptContentShown


class PromptLabelShown(Answer):
    label: str
    version: int
    moved_at: Instant
    moved_by: str


class PromptLabelMove(Answer):
    label: str
    from_version: int | None
    """Null: the label was new."""
    to_version: int | None
    """Null: it was taken away, or its version was deleted."""
    moved_at: Instant
    moved_by: str


class PromptLabels(Answer):
    name: str
    labels: list[PromptLabelShown]
    moves: list[PromptLabelMove]
    """Newest first, at most 100."""
