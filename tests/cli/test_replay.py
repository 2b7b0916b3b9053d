"""One step of a recorded session on the terminal: each thing told once, and nothing obeyed."""

from typing import Any

from rich.console import Console

from quarterdeck.cli.replay import print_frame


def shown(frame: dict[str, Any]) -> str:
    console = Console(width=120, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        print_frame(console, frame, total=9, utc=False)
    return captured.get()


def test_a_handoff_without_a_name_of_its_own_is_called_one_once() -> None:
    frame = {"number": 4, "kind": "handoff", "name": "handoff", "note": "hands off to worker"}
    assert shown(frame).rstrip() == "4/9 handoff\n  hands off to worker"
    assert shown({**frame, "name": "escalate"}).startswith("4/9 handoff escalate\n")


def test_no_text_of_a_step_drives_the_terminal() -> None:
    attack = "\x1b]0;x\x07\x9b2J\r[red]"
    message = {"role": attack, "parts": [{"type": "text", "content": attack}]}
    told = shown(
        {
            "number": 1,
            "kind": "model",
            "name": attack,
            "agent": attack,
            "status": attack,
            "note": attack,
            "error": attack,
            "content": {
                "input": attack,
                "output": {attack: attack},
                "input_messages": [message],
                "output_messages": [message, {"role": "x", "parts": [{"type": attack}]}],
            },
        }
    )
    assert not any(mark in told for mark in ("\x1b", "\x9b", "\x07", "\r"))
    assert "[red]" in told
