"""Every command, argument and option is in docs/reference/cli.md, in its command's section."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from quarterdeck.cli.errors import EXIT_CODES, FAULT, INTERRUPTED
from quarterdeck.cli.main import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "cli.md"


def commands(command: Any, path: str = "quarterdeck") -> Iterator[tuple[str, Any]]:
    """Each command that does something, with its path."""
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from commands(child, f"{path} {name}")


ALL = dict(commands(typer.main.get_command(app)))


def sections() -> dict[str, str]:
    parts = re.split(r"^#+ `(quarterdeck[a-z ]*)`$", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert set(sections()) == set(ALL)


@pytest.mark.parametrize("path", ALL)
def test_every_option_and_argument_is_in_its_commands_section(path: str) -> None:
    section = sections()[path]
    missing = []
    for param in ALL[path].params:
        names = [name for name in (*param.opts, *param.secondary_opts) if name.startswith("-")]
        told = names or [(param.metavar or param.name.upper()).split("=")[0]]
        missing += [name for name in told if name not in section and name != "--help"]
    assert missing == []


def test_no_section_tells_of_an_option_that_does_not_exist() -> None:
    invented = []
    for path, section in sections().items():
        known = {
            name for param in ALL[path].params for name in (*param.opts, *param.secondary_opts)
        }
        told = set(re.findall(r"^\| `(--?[a-z-]+)", section, re.MULTILINE))
        invented += sorted(f"{path} {name}" for name in told - known)
    assert invented == []


def test_every_exit_code_is_documented() -> None:
    page = PAGE.read_text()
    codes = {0, FAULT, 2, INTERRUPTED, *(code for _, code in EXIT_CODES)}
    assert [code for code in sorted(codes) if f"| {code} |" not in page] == []
