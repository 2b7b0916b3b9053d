"""Nothing that an agent said can drive the terminal it is shown on."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from quarterdeck.cli import terminal

HOSTILE = {
    "clears the screen": "\x1b[2J\x1b[H",
    "retitles the window": "\x1b]0;pwned\x07",
    "asks the terminal to answer": "\x1b[6n",
    "one-character escape": "\x9b31m",
    "overwrites the line": "all good\rrm -rf",
    "backspaces": "ok\x08\x08no",
    "reorders the text": "user\u202egnp.exe",
    "hides text in tags": "hi\U000e0041\U000e0042",
    "is invisible": "pass\u200bword",
    "can't be encoded": "\ud800",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_text_that_drives_a_terminal_is_spelled_out(text: str) -> None:
    shown = terminal.printable(text)
    assert shown != text
    assert all(mark.isprintable() or mark in "\n\t" for mark in shown)


def test_ordinary_text_of_any_language_stays_as_it_is() -> None:
    text = "naïve 日本語 العربية 👍\n\tindented"
    assert terminal.printable(text) == text


@given(st.text())
def test_no_text_puts_a_control_character_on_the_terminal(text: str) -> None:
    console = Console(file=None, width=80, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(terminal.styled(text))
    assert not any(mark in captured.get() for mark in ("\x1b", "\x9b", "\x07", "\r", "\x08"))


def test_markup_in_a_strangers_text_is_shown_not_obeyed() -> None:
    console = Console(width=80, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(terminal.styled("[red]:smile:[/red] [link=http://x]y[/link]"))
    assert captured.get() == "[red]:smile:[/red] [link=http://x]y[/link]\n"


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists))
def test_json_made_safe_for_a_terminal_is_the_same_json(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    safe = terminal.json_printable(text)
    assert json.loads(safe) == value
    assert "\x9b" not in safe


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (None, "-"),
        ("0", "$0"),
        ("47.82", "$47.82"),
        ("1234.5", "$1,234.50"),
        ("0.0123", "$0.0123"),
        ("0.00000001", "<$0.0001"),
    ],
)
def test_money_never_shows_an_unknown_price_as_zero(usd: str | None, shown: str) -> None:
    assert terminal.money(usd) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "-"),
        (0.85, "850 ms"),
        (12.44, "12.4 s"),
        (59.96, "60.0 s"),
        (200, "3 min 20 s"),
        (6300, "1 h 45 min"),
        (7200, "2 h"),
    ],
)
def test_a_duration_is_told_in_two_units_at_most(seconds: float | None, shown: str) -> None:
    assert terminal.duration(seconds) == shown


def test_an_instant_is_relative_or_exact() -> None:
    now_ns = 1_775_000_000_000_000_000
    at = "2026-03-31T23:30:20.123456Z"
    assert terminal.when(at, now_ns=now_ns, utc=True) == "2026-03-31T23:30:20.123Z"
    assert terminal.when(at, now_ns=now_ns, utc=False) == "2 min ago"
    assert terminal.when(None, now_ns=now_ns, utc=False) == "-"
    assert terminal.when("soon", now_ns=now_ns, utc=True) == "-"
