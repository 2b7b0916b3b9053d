"""docs/reference/api.md and errors.md tell of every endpoint, field, figure and code."""

import re
from pathlib import Path

from api.conftest import World
from quarterdeck import errors
from quarterdeck.api.access import GuardedRoute
from quarterdeck.api.errors import CODE_STATUSES, FRAMEWORK_CODES
from quarterdeck.api.filters import NUMBER_FIELDS, WORD_FIELDS
from quarterdeck.api.measures import FIGURES

REPOSITORY = Path(__file__).resolve().parents[2]
API = (REPOSITORY / "docs/reference/api.md").read_text()
ERRORS = (REPOSITORY / "docs/reference/errors.md").read_text()


def test_every_endpoint_is_documented_with_its_policy(world: World) -> None:
    told = set(re.findall(r"^\| `(\w+ /\S*)` \| ([\w ]+) \|", API, re.MULTILINE))
    routes = {
        (f"{method} {route.path}", route.policy.name)
        for route in world.app.routes
        if isinstance(route, GuardedRoute)
        for method in route.methods or ()
    }
    # OTLP and MCP are answered past the framework.
    past = ("POST /v1/", "POST /mcp")
    assert {row for row in told if not row[0].startswith(past)} == routes


def test_every_field_of_the_filter_language_and_every_figure_is_documented() -> None:
    for name in (*WORD_FIELDS, *NUMBER_FIELDS, *FIGURES):
        assert f"| `{name}` |" in API, name


def test_every_error_code_is_documented_and_no_other() -> None:
    # What the SDK alone raises has no status; the page names it in words.
    refusals = REPOSITORY / "src/quarterdeck/sdk/workflow/refusals.py"
    for code in re.findall(r'\bcode ?= ?"([a-z_]+)"', refusals.read_text()):
        assert f"`{code}`" in ERRORS, code
    source = "\n".join(
        path.read_text() for path in (REPOSITORY / "src").rglob("*.py") if path != refusals
    )
    # A data finding has a code too: tests/documented/test_data_findings.py holds those.
    errors_only = re.sub(r'\bFinding\(\s*code ?= ?"[a-z_]+"', "", source)
    given = set(re.findall(r'\bcode ?= ?"([a-z_]+)"', errors_only))
    classes = {
        kind.code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.QuarterdeckError)
    }
    told = set(re.findall(r"^\| `([a-z_]+)` \| \d{3} \|", ERRORS, re.MULTILINE))
    assert told == given | classes | set(CODE_STATUSES) | set(FRAMEWORK_CODES.values())
