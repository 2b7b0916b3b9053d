"""
A fraud desk, as far as it is the same in every framework: its tools, and a session for each line
that comes in.  The version is loaded, and the agents are built from it, in each session anew.
"""

import sys
from collections.abc import Callable

import quarterdeck as qd

TASK = "The card c-17 paid 900 EUR abroad. Is it fraud?"


def lookup(card: str) -> str:
    return f"card {card}: 900 EUR in a country that its owner never was in"


def close_account(card: str, reason: str) -> str:
    return f"account of {card} closed: {reason}"


async def block_card(card: str, hours: int = 24) -> str:
    return f"card {card} blocked for {hours} hours"


TOOLS = (lookup, close_account, block_card)


def serve(run: Callable[[qd.Workflow], str]) -> None:
    """`run` builds the agents from the version and gives their last words."""
    qd.init(service_name="fraud-desk")
    for line in sys.stdin:
        with qd.session(TASK, id=line.strip(), task_type="fraud") as session:
            said = run(qd.load_workflow("fraud-triage", environment="production"))
            session.outcome("success", reason=said)
        qd.flush()
        print("ran", line.strip(), said.replace("\n", " "), flush=True)
