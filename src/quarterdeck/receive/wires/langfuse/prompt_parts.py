"""
Prompts inside prompts: `@@@langfusePrompt:name=tone|label=production@@@` stands for the text of
another prompt and is filled in when the outer one is fetched, as its clients expect.

Only text prompts stand in others.  One that is missing, or a nest deeper than five (a circle), is
an error: half a prompt would be worse than none, and clients have a fallback for it.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from quarterdeck.errors import Invalid

_PART = re.compile(r"@@@langfusePrompt:(.*?)@@@")
_DEEPEST = 5
_MOST, _MOST_TEXT = 100, 4_000_000
"""Parts of one prompt, and characters: beyond, fetching would be a way to keep a server busy."""

Find = Callable[[str, dict[str, Any]], Awaitable[str]]
"""The text of a prompt, by name and version or label.  Raises `NotFound`, `Invalid`."""


class Filling:
    """Of one fetch."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._left = _MOST

    async def filled(self, words: str, depth: int = 0) -> str:
        """Raises `Invalid` and `NotFound`."""
        if "@@@langfusePrompt:" not in words:
            return words
        if depth >= _DEEPEST:
            raise Invalid(f"prompts stand in each other more than {_DEEPEST} deep")
        done, end = "", 0
        for match in _PART.finditer(words):
            self._left -= 1
            if self._left < 0:
                raise Invalid(f"a prompt has more than {_MOST} others in it")
            inner = await self._find(*_reference(match[1]))
            done += words[end : match.start()] + await self.filled(inner, depth + 1)
            end = match.end()
            if len(done) > _MOST_TEXT:
                raise Invalid(f"a prompt is longer than {_MOST_TEXT} characters with its parts")
        return done + words[end:]

    async def messages(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**message, "content": await self.filled(content)}
            if isinstance(content := message.get("content"), str)
            else message
            for message in given
        ]


def _reference(told: str) -> tuple[str, dict[str, Any]]:
    parts = dict(part.partition("=")[::2] for part in told.split("|"))
    name, version, label = (parts.get(key, "") for key in ("name", "version", "label"))
    if not name or not (version or label) or (version and not version.isdigit()):
        raise Invalid(f"not a reference to a prompt: {told[:100]!r}")
    return name, {"version": int(version[:9])} if version else {"label": label}
