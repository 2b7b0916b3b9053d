"""Every link between our own pages leads somewhere."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page
    for folder in (".", "docs", "examples", "changelog.d", "bench")
    for page in (REPOSITORY / folder).glob("*.md" if folder == "." else "**/*.md")
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_to_a_page_of_ours_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    broken = []
    for target in LINK.findall(text):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        aimed = (page.parent / path).resolve() if path else page
        if not aimed.exists() or (anchor and anchor not in _anchors(aimed)):
            broken.append(target)
    assert broken == []


def _anchors(page: Path) -> set[str]:
    """As the usual renderers make them: lower case, spaces to dashes, punctuation dropped."""
    headings = re.findall(r"^#+ +(.+)$", page.read_text(), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower().replace(" ", "-")
        for heading in headings
    }
