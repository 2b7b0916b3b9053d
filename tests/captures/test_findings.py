"""Healthy recordings have no data finding: a warning on every session is read by nobody."""

from pathlib import Path

import msgspec
import pytest

from captures.load import recorded_requests, replay
from quarterdeck.assembly.assemble import assemble
from quarterdeck.cost.price_book import PriceBook
from quarterdeck.model.spans import Span

MADE_UP = {"langfuse", "langfuse3", "langfuse_js"}
"""Their drivers report costs that they invented, 67 times the price and more."""

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "captures"
CAPTURES = sorted(path.stem for path in GOLDEN.glob("*.json") if path.stem != "not_otlp")


@pytest.fixture(scope="module")
def prices() -> PriceBook:
    return PriceBook.load()


@pytest.mark.parametrize("capture", CAPTURES)
def test_a_recording_has_a_finding_only_where_its_driver_made_up_costs(
    capture: str, shared: Path, prices: PriceBook
) -> None:
    def priced(span: Span) -> Span:
        """As ingest does it: the replay alone knows no prices."""
        return msgspec.structs.replace(span, charge=prices.charge(span))

    found = set()
    for one in replay(recorded_requests(shared / "captures" / capture)):
        made = assemble(map(priced, one.spans), now_ns=one.session.last_seen_ns)
        found |= {finding.code for finding in made.findings}
    assert found == ({"cost_disagrees"} if capture in MADE_UP else set())
