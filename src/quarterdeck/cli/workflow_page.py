"""
One version of a workflow as a person reads it: what its agents are told, and what holds for them.

What the manifest leaves out is shown as what it means: a tool without a permission says `allow`.
A manifest of a newer server, with fields this one doesn't know, is shown as it was written.
"""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import msgspec

from quarterdeck.cli import terminal
from quarterdeck.cli.terminal import plural, printable, styled, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

SECTIONS = (
    "agents", "tools", "models", "memory", "context", "budgets", "escalation", "mcp_servers",
    "learned",
)  # fmt: skip
STEP = 2


def print_version(console: Console, version: Mapping[str, Any], *, now_ns: int, utc: bool) -> None:
    _print_head(console, version, now_ns=now_ns, utc=utc)
    console.print()
    manifest = with_defaults(version["manifest"])
    if manifest.get("description"):
        console.print(styled(text_of(manifest, "description")))
    for section in SECTIONS:
        if manifest.get(section):
            console.print(styled(section, "bold cyan"))
            for line in lines_of(manifest[section], width=console.width, indent=STEP):
                console.print(styled(line), soft_wrap=True)
    for pin in version["pins"]:
        meant = text_of(pin, "uri") or f"prompt {text_of(pin, 'name')}"
        digest = text_of(pin, "digest") or "nobody tells a digest"
        console.print(styled("pinned ", "bold cyan") + styled(f"{meant} {digest}"), soft_wrap=True)
    console.print(styled(plural(len(version["files"]), "file"), "bold cyan"))
    for file in version["files"]:
        console.print(styled(f"  {file['path']} ({file['bytes']} B)"), soft_wrap=True)
    for whose, text in version["prompts"].items():
        console.print(styled(f"\n{whose} is told", "bold cyan"))
        console.print(styled(text.rstrip("\n")), soft_wrap=True)
    console.print()


def with_defaults(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with what it leaves out; as it is where it can't be read."""
    from quarterdeck.workflows.manifest import Manifest

    try:
        read = msgspec.convert(manifest, Manifest)
    except msgspec.ValidationError:
        return dict(manifest)
    whole: dict[str, Any] = _filled(read)
    for tool in whole.get("tools", {}).values():
        rules = tool.get("rules", ())
        if tool["permission"] != "ask" and all(one["permission"] != "ask" for one in rules):
            tool.pop("ask", None)
    return whole


def lines_of(value: Any, *, width: int, indent: int) -> Iterator[str]:
    """`name: value` lines, nested by indentation; no line but of one long word is over `width`."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _named(str(name), part, width=width, indent=indent)
        return
    for part in value:
        inner = list(lines_of(part, width=width, indent=indent + STEP))
        yield f"{' ' * indent}- {inner[0].lstrip()}" if inner else f"{' ' * indent}-"
        yield from inner[1:]


def _named(name: str, value: Any, *, width: int, indent: int) -> Iterator[str]:
    nested = isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(one, dict | list) for one in value)
    )
    # A stranger's line end in a name or a value would begin a line that looks like one of ours.
    lead = " ".join(printable(name).split())
    if nested and value:
        yield f"{' ' * indent}{lead}:"
        yield from lines_of(value, width=width, indent=indent + STEP)
        return
    text = ", ".join(map(_said, value)) if isinstance(value, list) else _said(value)
    yield from textwrap.wrap(
        f"{lead}: {' '.join(printable(text).split())}",
        width=width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2 * STEP),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _filled(value: Any) -> Any:
    """Plain values, defaults and all; what is unset or empty is left out."""
    if isinstance(value, msgspec.Struct):
        parts = ((one.encode_name, getattr(value, one.name)) for one in
                 msgspec.structs.fields(value))  # fmt: skip
        return {
            name: _filled(part)
            for name, part in parts
            if part is not msgspec.UNSET and part not in ("", (), {}) and _filled(part) != {}
        }
    if isinstance(value, dict):
        return {name: _filled(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_filled(part) for part in value]
    return value


def _said(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _print_head(console: Console, version: Mapping[str, Any], *, now_ns: int, utc: bool) -> None:
    tags = ", ".join(version["tags"])
    runs = ", ".join(version["running_in"])
    console.print(
        styled(f"{version['workflow']}@{version['version']}", "bold")
        + styled(f"  {tags}" if tags else "", "green")
        + styled(f"  runs in {runs}" if runs else "", "cyan")
    )
    at = terminal.when(version["created_at"], now_ns=now_ns, utc=utc)
    console.print(styled(text_of(version, "digest"), "dim"), soft_wrap=True)
    console.print(styled(f"{at} by {text_of(version, 'created_by')}", "dim"))
    git = version["git"]
    if git:
        dirty = " with changes that are in no commit" if git.get("dirty") else ""
        words = f"{text_of(git, 'branch')} {text_of(git, 'commit')[:12]}{dirty}"
        console.print(styled(f"git {words} {text_of(git, 'repository')}", "dim"), soft_wrap=True)
    if version["message"]:
        console.print(styled(text_of(version, "message")))
