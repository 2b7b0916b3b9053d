"""Every setting is in docs/reference/settings.md, with its variable, default and purpose."""

import re
from pathlib import Path

import pytest

from quarterdeck.settings import PREFIX, Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "settings.md"
ROW = re.compile(r"^\| `(QUARTERDECK_[A-Z_]+)` \|", re.MULTILINE)

CLIENT_VARIABLES = {"QUARTERDECK_URL", "QUARTERDECK_API_KEY", "QUARTERDECK_TRACEBACK"}
"""Read by the command line, not by the server: docs/reference/cli.md has them."""

SDK_OPTIONS = Path(__file__).resolve().parents[2] / "src" / "quarterdeck" / "sdk" / "options.py"
SDK_VARIABLES = set(re.findall(r'"(QUARTERDECK_[A-Z_]+)"', SDK_OPTIONS.read_text()))


def test_every_setting_has_a_row_and_every_row_a_setting() -> None:
    documented = set(ROW.findall(PAGE.read_text())) - CLIENT_VARIABLES - SDK_VARIABLES
    assert documented == {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def test_every_variable_of_the_sdk_has_a_row() -> None:
    assert set(ROW.findall(PAGE.read_text())) >= SDK_VARIABLES
    assert len(SDK_VARIABLES) > 5


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_says_what_it_is_for(name: str) -> None:
    assert Settings.model_fields[name].description
