"""Every format that can be imported is in the page that lists them, and no other."""

import re
from pathlib import Path

from quarterdeck.receive.transcripts.formats import FORMATS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "import-sessions.md"
ROW = re.compile(r"^\| `(\w+)` \| (.+?)(?: — followed)? \|$", re.MULTILINE)


def test_the_page_lists_the_formats_there_are() -> None:
    listed = dict(ROW.findall(PAGE.read_text()))
    assert listed == {known.name: known.title for known in FORMATS}


def test_the_page_tells_which_are_followed() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if "— followed |" in line]
    followed = {ROW.match(row).group(1) for row in rows}  # type: ignore[union-attr]  # each matches
    assert followed == {known.name for known in FORMATS if known.follows}
