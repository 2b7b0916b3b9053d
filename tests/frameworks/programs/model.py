"""
The scripted model of the examples with the lines of a fraud desk: look up, close, hand over, block.

What each request tells of the version (which edition of the instructions, the sampling) is printed.

    python model.py python with_langgraph.py
"""

import json
import re
import runpy
import sys
from pathlib import Path

SCRIPTED = Path(__file__).resolve().parents[3] / "examples" / "scripted_model"
sys.path.insert(0, str(SCRIPTED))

import openai_chat  # noqa: E402
import openai_responses  # noqa: E402
import script  # noqa: E402

ERRAND = "Block the card c-17."
script.STEPS = (
    script.Step(("lookup",), {"card": "c-17"}),
    script.Step(("close_account",), {"card": "c-17", "reason": "tidying up"}),
    script.Step(("transfer_to_blocker",), {}),
    script.Step(("ask_blocker",), {"errand": ERRAND}),
    script.Step(
        ("delegate_work_to_coworker",),
        {"task": ERRAND, "context": "It was stolen.", "coworker": "blocker"},
    ),
    script.Step(("block_card",), {"card": "c-17"}),
)


def telling(protocol):
    """The module, which from now on prints what it is asked."""
    read = protocol._read

    def told(asked):
        edition = re.search(r"(\w+) edition", json.dumps(asked))
        if edition is not None:
            said = [edition[1], asked["model"], asked.get("temperature")]
            print("asked", json.dumps(said), flush=True)
        return read(asked)

    protocol._read = told


telling(openai_chat)
telling(openai_responses)

if __name__ == "__main__":
    runpy.run_path(str(SCRIPTED / "__main__.py"), run_name="__main__")
