"""
A recorded session, step by step, in the terminal.

Watching only: nothing is executed again.  Steps are read a page at a time and a page is kept,
so a session of 100,000 steps begins at once and going back one step asks nobody.  What is
printed stays in the terminal's scroll-back: no screen is cleared.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from quarterdeck.cli.terminal import (
    between,
    count,
    duration,
    instant_ns,
    json_printable,
    money,
    one_line,
    printable,
    styled,
    text_of,
    when,
)
from quarterdeck.errors import NotFound
from quarterdeck.sdk.client import Client, segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console
    from rich.text import Text

PAGE = 20
"""Steps asked for at once, with payloads: a model call's input repeats the conversation before
it, 100 kB is usual, so a page is some 2 MB."""

FIRST_STEPS = 5
"""Among these is the first model call, which has what the user said."""

POLL_S = 1.0
"""How often a live session is asked for news; it is queryable within a second."""

BLOCK_LINES = 24
"""Lines of one message or result: a file that was read must not push the step off the screen."""

KIND_STYLES = {
    "user": "bold cyan",
    "agent": "bold",
    "model": "bold blue",
    "tool": "bold green",
    "human": "bold yellow",
    "handoff": "bold magenta",
    "outcome": "bold",
}
KEYS = "n next · p back · g go to · q quit"


class StepSource:
    """The steps of one session, by number from 1."""

    def __init__(self, client: Client, session_id: str) -> None:
        self._client = client
        self._path = f"/api/v1/sessions/{segment(session_id)}"
        self._kept: dict[int, dict[str, Any]] = {}
        self.total = 0
        """Steps of the session when it was last asked."""

    def page_bytes(self, start: int, *, limit: int = PAGE) -> bytes:
        params = {"from": start, "limit": limit, "content": True}
        return self._client.get(f"{self._path}/steps", params)

    def read(self, start: int) -> list[dict[str, Any]]:
        """Steps `start`, `start + 1`, … of one page; empty past the end."""
        page = json.loads(self.page_bytes(start))
        self.total = int(page.get("total") or self.total)
        frames: list[dict[str, Any]] = page["steps"]
        if len(self._kept) > 20 * PAGE:
            self._kept.clear()
        self._kept.update((int(frame["number"]), frame) for frame in frames)
        return frames

    def step(self, number: int) -> dict[str, Any] | None:
        """None past either end."""
        if number < 1:
            return None
        if number not in self._kept:
            self.read(number)
        return self._kept.get(number)

    def forget_running(self, number: int) -> None:
        """Ask again for this step next time if it had not ended: it gets its end later."""
        if self._kept.get(number, {}).get("ended_at") is None:
            self._kept.pop(number, None)

    def is_closed(self) -> bool:
        return bool(self._client.get_json(self._path).get("status") == "closed")


def first_request(client: Client, session_id: str) -> str:
    """What a user said first, in the first steps of a session; "" where it was not sent."""
    page = json.loads(StepSource(client, session_id).page_bytes(1, limit=FIRST_STEPS))
    for frame in page["steps"]:
        for message in (frame.get("content") or {}).get("input_messages") or ():
            for part in message.get("parts") or ():
                if message.get("role") == "user" and part.get("type") == "text":
                    return text_of(part, "content")
    return ""


def print_all(console: Console, source: StepSource, *, start: int, utc: bool) -> None:
    """Every step from `start` on, in order."""
    for frame in _every(source, start):
        print_frame(console, frame, total=source.total, utc=utc)


def print_one(console: Console, source: StepSource, number: int, *, utc: bool) -> None:
    print_frame(console, _require(source, number), total=source.total, utc=utc)


def print_frames_json(source: StepSource, *, start: int, only: bool) -> None:
    """One step as the API's JSON, or every step as one JSON object a line."""
    frames = [_require(source, start)] if only else _every(source, start)
    for frame in frames:
        print(json_printable(json.dumps(frame, ensure_ascii=False)))


def follow(console: Console, source: StepSource, *, start: int, utc: bool) -> None:
    """
    Every step, then new ones as they come, until the session is closed.

    A step is printed once, when it is first seen; one still running says so.
    """
    number = start
    while True:
        # Asked before the steps: what arrived before the session closed is then not missed.
        closed = source.is_closed()
        for frame in _every(source, number):
            print_frame(console, frame, total=source.total, utc=utc)
            number = int(frame["number"]) + 1
        if closed:
            return
        time.sleep(POLL_S)


def walk(console: Console, source: StepSource, *, start: int, utc: bool) -> None:
    """Go back and forth on a terminal, a key for each step."""
    number = start
    frame: dict[str, Any] | None = _require(source, number)
    with _keys_unbuffered():
        while True:
            if frame is not None:
                print_frame(console, frame, total=source.total, utc=utc)
            wanted = _ask(number, source.total)
            if wanted is None:
                return
            source.forget_running(wanted)
            frame = source.step(wanted)
            if frame is not None:
                number = wanted
            else:
                console.print(styled("  no more steps this way", "dim"))


def print_frame(console: Console, frame: Mapping[str, Any], *, total: int, utc: bool) -> None:
    """One step: what it was, who did it, what went in and what came out."""
    console.print(_title(frame, total=total, utc=utc))
    if frame.get("note"):
        console.print(styled(f"  {one_line(text_of(frame, 'note'))}", "italic"))
    if frame.get("error"):
        _print_block(console, "error", text_of(frame, "error"), style="red")
    content = frame.get("content") or {}
    for message in _news(content.get("input_messages") or ()):
        _print_message(console, message)
    if content.get("input") is not None:
        _print_block(console, "in", _as_text(content["input"]), style="dim")
    for message in content.get("output_messages") or ():
        _print_message(console, message)
    if content.get("output") is not None:
        _print_block(console, "out", _as_text(content["output"]))
    console.print()


def _title(frame: Mapping[str, Any], *, total: int, utc: bool) -> Text:
    kind = text_of(frame, "kind")
    number = f"{frame.get('number')}/{count(total)}" if total else str(frame.get("number"))
    text = styled(f"{number} ", "dim") + styled(kind, KIND_STYLES.get(kind, "bold"))
    if frame.get("name") != kind:
        text += styled(f" {one_line(text_of(frame, 'name'), limit=80)}")
    if frame.get("agent") and frame.get("agent") != frame.get("name"):
        text += styled(f"  by {one_line(text_of(frame, 'agent'), limit=40)}", "dim")
    took = between(frame.get("started_at"), frame.get("ended_at"))
    if took is not None:
        text += styled(f"  {duration(took)}", "dim")
    elif instant_ns(frame.get("started_at")) is not None and kind not in {"user", "outcome"}:
        text += styled("  still running", "cyan")
    tokens = [frame.get("input_tokens"), frame.get("output_tokens")]
    if any(number is not None for number in tokens):
        text += styled(f"  {count(tokens[0])} in, {count(tokens[1])} out", "dim")
    if frame.get("cost_usd") is not None:
        text += styled(f"  {money(frame['cost_usd'])}", "dim")
    status = text_of(frame, "status")
    if status not in {"", "ok", "unset"}:
        text += styled(f"  {status}", "red" if status == "error" else "yellow")
    if utc:
        text += styled(f"  {when(frame.get('started_at'), now_ns=0, utc=True)}", "dim")
    return text


def _news(messages: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """
    The messages after the last answer: every call repeats the conversation before it, and
    earlier steps have shown that.
    """
    answered = [i for i, message in enumerate(messages) if message.get("role") == "assistant"]
    return messages[answered[-1] + 1 :] if answered else messages


def _print_message(console: Console, message: Mapping[str, Any]) -> None:
    role = text_of(message, "role") or "?"
    for part in message.get("parts") or ():
        match part.get("type"):
            case "text":
                _print_block(console, role, text_of(part, "content"))
            case "reasoning":
                _print_block(console, f"{role} thinks", text_of(part, "content"), style="dim")
            case "tool_call":
                asked = f"{text_of(part, 'name')} {_as_text(part.get('arguments'))}"
                _print_block(console, f"{role} calls", asked, style="green")
            case "tool_call_response":
                _print_block(console, "result", _as_text(part.get("response")), style="dim")
            case kind:
                _print_block(console, f"{role} {kind}", _as_text(part), style="dim")


def _print_block(console: Console, label: str, text: str, *, style: str = "") -> None:
    lines = printable(text).splitlines() or [""]
    console.print(styled(f"  {one_line(label)}: ", "dim") + styled(lines[0], style))
    for line in lines[1:BLOCK_LINES]:
        console.print(styled(f"    {line}", style))
    if len(lines) > BLOCK_LINES:
        more = f"    … {len(lines) - BLOCK_LINES} more lines: --step N --json"
        console.print(styled(more, "dim"))


def _as_text(value: Any) -> str:
    """Text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _every(source: StepSource, start: int) -> Iterator[dict[str, Any]]:
    number = start
    while frames := source.read(number):
        yield from frames
        number = int(frames[-1]["number"]) + 1
        if number > source.total:
            return


def _require(source: StepSource, number: int) -> dict[str, Any]:
    frame = source.step(number)
    if frame is None:
        raise NotFound(
            f"the session has no step {number}",
            hint=f"It has {source.total} steps, numbered from 1." if source.total else "",
        )
    return frame


def _ask(number: int, total: int) -> int | None:
    """The number of the step to go to; None to leave.  Unknown keys are ignored."""
    while True:
        sys.stdout.write(f"\x1b[2m{KEYS}\x1b[0m")
        sys.stdout.flush()
        key = _read_key()
        sys.stdout.write("\r\x1b[K")
        match key:
            case "n" | "j" | "\r" | "\n" | " " | "\x1b[C" | "\x1b[B":
                return number + 1
            case "p" | "k" | "\x1b[D" | "\x1b[A":
                return number - 1
            case "g":
                typed = _read_line(f"step (1 to {total}): ")
                if typed.isdigit():
                    return int(typed)
            case "q" | "\x04" | "":
                return None


def _read_line(prompt: str) -> str:
    """Digits until Enter; anything else ends it.  Echoed by us: the terminal's echo is off."""
    sys.stdout.write(prompt)
    typed = ""
    while True:
        sys.stdout.flush()
        key = _read_key()
        if not key.isdigit():
            sys.stdout.write("\n")
            return typed
        typed += key
        sys.stdout.write(key)


@contextmanager
def _keys_unbuffered() -> Iterator[None]:
    """Each key at once and without echo.  The terminal is always put back."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        # Draining keeps what was typed ahead; the default would throw it away.
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _read_key() -> str:
    """One key; an arrow key is its whole escape sequence; "" when the terminal is gone."""
    import os
    import select

    descriptor = sys.stdin.fileno()
    key = os.read(descriptor, 1)
    while key == b"\x1b" or (key.startswith(b"\x1b[") and len(key) < 3):
        if not select.select([descriptor], [], [], 0.05)[0]:
            break
        key += os.read(descriptor, 1)
    return key.decode("utf-8", "replace")
