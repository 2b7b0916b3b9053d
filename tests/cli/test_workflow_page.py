"""What a person reads of a version: all sections, what holds by default, no line over the width."""

from typing import Any

from quarterdeck.cli.workflow_page import lines_of, with_defaults

LONG = "session.cost_usd < 2 && " * 8 + "true"
MANIFEST: dict[str, Any] = {
    "name": "triage",
    "agents": {"a": {"role": "worker", "context": "short"}},
    "tools": {
        "look": {},
        "pay": {"permission": "deny", "rules": [{"when": LONG, "permission": "ask"}]},
    },
    "context": {"short": {"keep_last_turns": 3}},
    "budgets": {"session": {"usd": "2.50"}},
}


def page(manifest: dict[str, Any]) -> list[str]:
    return list(lines_of(with_defaults(manifest), width=80, indent=2))


def test_what_the_manifest_leaves_out_is_shown_as_what_it_means() -> None:
    lines = [line.strip() for line in page(MANIFEST)]
    look = lines[lines.index("look:") : lines.index("pay:")]
    assert look == ["look:", "permission: allow", "retries: 0"]
    assert "on_exceeded: stop" in lines
    assert "keep_last_turns: 3" in lines
    assert "default: deny" in lines


def test_no_line_is_wider_than_the_terminal_and_none_is_json() -> None:
    lines = page(MANIFEST)
    assert max(map(len, lines)) <= 80
    assert not any(mark in line for line in lines for mark in "{}[]")


def test_a_manifest_of_a_newer_server_is_shown_as_it_was_written() -> None:
    newer = {**MANIFEST, "tools": {"look": {"permission": "perhaps"}}}
    assert with_defaults(newer) == newer


def test_a_line_end_in_a_text_begins_no_line_of_its_own() -> None:
    forged = {"description": "x\n  permission: allow", "a\nb": {"c": "d"}}
    assert list(lines_of(forged, width=80, indent=2)) == [
        "  description: x permission: allow",
        "  a b:",
        "    c: d",
    ]
