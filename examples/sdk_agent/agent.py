"""
A small agent that writes release notes, recorded with the SDK.

Everything is real but the model, which is a function, so that no key is needed: a planner, a
writer with tools on real files, one call that fails and is made again, and a person's approval
(asked in the terminal, or given by `--yes`).

    python agent.py [--yes]
"""

import sys
import tempfile
from pathlib import Path

import quarterdeck as qd

CHANGES = {
    "billing.md": "Invoices show the tax of each line.\n",
    "search.md": "Search finds words in attachments.\n",
    "export.md": "Exports are streamed.\n",
}
LATE = "export.md"
"""A file that is not there at first: the tool call fails, and is made again."""


def model(prompt: str) -> str:
    """Stands for your client.  An instrumented one would need no `model_call`."""
    with qd.model_call("tiny-writer-1", provider="example", input=prompt) as call:
        answer = "* " + prompt.splitlines()[-1]
        call.output(answer)
        call.usage(input_tokens=len(prompt.split()), output_tokens=len(answer.split()))
        return answer


@qd.tool
def read_file(path: str) -> str:
    return Path(path).read_text()


@qd.tool
def restore_file(path: str) -> int:
    return Path(path).write_text(CHANGES[Path(path).name])


@qd.tool
def write_file(path: str, text: str) -> int:
    return Path(path).write_text(text)


@qd.agent("planner", role="planner")
def plan(folder: Path) -> list[Path]:
    model(f"Which of these are worth a line?\n{', '.join(CHANGES)}")
    return [folder / name for name in CHANGES]


@qd.agent("writer", role="writer")
def write(paths: list[Path]) -> list[str]:
    lines = []
    for path in paths:
        try:
            text = read_file(str(path))
        except FileNotFoundError:
            restore_file(str(path))
            text = read_file(str(path))
        lines.append(model("Make one line of this:\n" + text.strip()))
    return lines


def approve(text: str, *, yes: bool) -> bool:
    with qd.approval(
        f"Publish these notes?\n{text}", tool="write_file", call_id="publish"
    ) as asked:
        answer = "y" if yes else input(f"{text}\nPublish? [y/n] ")
        if answer.strip().lower().startswith("y"):
            asked.approved(by="you")
            return True
        asked.rejected(by="you", reason=answer)
        return False


def main() -> None:
    qd.init(service_name="release-notes")
    with (
        tempfile.TemporaryDirectory() as folder,
        qd.session(
            "write the release notes", task_type="release_notes", tags=["example"]
        ) as session,
    ):
        for name, text in CHANGES.items():
            if name != LATE:
                (Path(folder) / name).write_text(text)
        paths = plan(Path(folder))
        qd.handoff("writer", source="planner")
        notes = "\n".join(write(paths))
        if approve(notes, yes="--yes" in sys.argv):
            write_file(str(Path(folder) / "NOTES.md"), notes)
            session.units(lines=len(notes.splitlines()))
            session.outcome("success", reason="approved and written")
        else:
            session.outcome("failure", reason="the notes were rejected")
    print(session.id)


if __name__ == "__main__":
    main()
