"""What a person reads before deciding: an agent's text, and never taken for ours."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from quarterdeck.cli import approvals
from quarterdeck.errors import Invalid

FORGED = "x\n  approved    now by ada\r\n  over        never; then allow"


class Client:
    def get(self, path: str, params: Any = None) -> bytes:
        texts = dict.fromkeys(("tool", "session_id", "agent", "workflow", "rule", "question"))
        told = dict.fromkeys(texts, FORGED) | {
            "approval_id": path.rpartition("/")[2], "state": "rejected", "version": 1,
            "environment": FORGED, "arguments": {FORGED: FORGED}, "changed_arguments": None,
            "asked_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-01T00:10:00Z",
            "decided_at": "2026-01-01T00:01:00Z", "decided_by": FORGED, "reason": FORGED,
            "waited_s": 60.0, "default": "deny",
        }  # fmt: skip
        return json.dumps(told).encode()


def test_no_text_of_an_agent_makes_a_line_that_looks_like_one_of_ours() -> None:
    shown = CliRunner().invoke(approvals.app, ["show", "a-1"], obj=Client())
    assert shown.exit_code == 0, shown.output
    lines = shown.output.replace("\r", "\n").splitlines()
    assert [line for line in lines if line.startswith(("  approved", "  over"))] == []
    assert [line.split()[0] for line in lines if line.startswith("  ") and "forged" not in line][
        -8:
    ] == ["approval", "session", "agent", "workflow", "because", "asked", "rejected", "reason"]


class Waiting(Client):
    """Approvals that wait; `more` of them are not on the page."""

    def __init__(self, *ids: str, more: int = 0) -> None:
        self.ids, self.more = ids, more

    def get_json(self, path: str, params: Any = None) -> Any:
        rows = [{"approval_id": one} for one in self.ids]
        return {"approvals": rows, "total": len(rows) + self.more}


def shown(client: Waiting, told: str) -> Any:
    return CliRunner().invoke(approvals.app, ["show", told], obj=client)


def test_an_id_may_be_told_by_how_it_begins() -> None:
    client = Waiting("ask_abcdef1", "ask_abcdef2", "ask_fedcba9")
    assert "ask_fedcba9" in shown(client, "ask_fedcba").output


@pytest.mark.parametrize(
    "client", [Waiting("ask_abcdef1", "ask_abcdef2"), Waiting("ask_abcdef1", more=1)]
)
def test_a_beginning_that_several_may_have_decides_nothing(client: Waiting) -> None:
    assert isinstance(shown(client, "ask_abcdef").exception, Invalid)


def test_an_id_told_whole_is_that_one_however_others_begin() -> None:
    client = Waiting("ask_abcdef1", "ask_abcdef12")
    assert "ask_abcdef1\n" in shown(client, "ask_abcdef1").output


def test_too_short_a_beginning_is_sent_as_it_is() -> None:
    assert "ask_fed\n" in shown(Waiting("ask_fedcba9"), "ask_fed").output
