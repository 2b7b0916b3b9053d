"""The public names: one list, documented, cheap to import, and in nobody's way."""

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import quarterdeck as qd

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "src" / "quarterdeck"
PAGE = (REPOSITORY / "docs" / "reference" / "sdk.md").read_text()
SECTIONS = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


def test_the_page_has_a_section_for_each_public_name_and_no_other() -> None:
    assert sorted(SECTIONS) == sorted(qd.__all__)


@pytest.mark.parametrize("name", qd.__all__)
def test_a_public_name_is_there_and_says_what_it_is(name: str) -> None:
    assert inspect.getdoc(getattr(qd, name))


@pytest.mark.parametrize("name", [name for name in qd.__all__ if name.islower()])
def test_each_argument_is_on_the_page(name: str) -> None:
    parameters = inspect.signature(getattr(qd, name)).parameters.values()
    if name in ("sessions", "figures", "get_session", "bind", "carrier", "join", "instrumented"):
        return  # filters are the API's; the others have one argument, or none
    missing = [p.name for p in parameters if not re.search(rf"\b{p.name}\b", SECTIONS[name])]
    assert missing == []


@pytest.mark.parametrize("verb", ["session", "agent", "tool", "model_call", "approval"])
def test_each_method_of_a_handle_is_on_the_page(verb: str) -> None:
    made: Any = getattr(qd, verb)("x")
    methods = [
        name
        for name, _ in inspect.getmembers(type(made), inspect.isfunction)
        if not name.startswith("_") and name != "set"
    ]
    assert methods
    assert [name for name in methods if f".{name}(" not in SECTIONS[verb]] == []


def test_no_folder_or_file_of_the_package_hides_a_public_name() -> None:
    """`import quarterdeck.sessions` would replace the function `quarterdeck.sessions`."""
    taken = {path.stem for path in PACKAGE.iterdir()} & set(qd.__all__)
    assert taken == set()


def test_every_reason_to_drop_a_span_is_on_the_page() -> None:
    code = "".join(path.read_text() for path in (PACKAGE / "sdk").rglob("*.py"))
    reasons = set(re.findall(r'\.drop\(\s*"(\w+)"', code)) | {"too_large", "refused"}
    documented = set(
        re.findall(r"^\| `(\w+)` \|", PAGE.partition("## What is dropped")[2], re.MULTILINE)
    )
    assert documented == reasons


def test_importing_it_loads_nothing_that_takes_time() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, quarterdeck; print(*sorted(sys.modules))"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    heavy = {"opentelemetry", "httpx", "msgspec", "pydantic", "google.protobuf", "rich", "re2"}
    assert heavy.isdisjoint(loaded)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'sesion'"):
        _ = qd.sesion
    assert set(qd.__all__) <= set(dir(qd))
