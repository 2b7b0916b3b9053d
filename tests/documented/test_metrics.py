"""Every metric is in docs/reference/metrics.md, with what it means."""

import re
from pathlib import Path

from quarterdeck.api import hub
from quarterdeck.jobs import release_watch
from quarterdeck.receive.accounting import METRICS, OUTCOMES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "metrics.md"


def test_every_metric_has_a_row_with_its_kind_and_every_row_a_metric() -> None:
    rows = re.findall(r"^\| `(quarterdeck_[a-z_]+)` \| (\w+) \|", PAGE.read_text(), re.MULTILINE)
    beside = {**hub.METRICS, **release_watch.METRICS}
    others = {name: kind for name, (kind, _) in beside.items()}
    assert dict(rows) == {metric.name: metric.kind for metric in METRICS.values()} | others


def test_everything_that_can_become_of_an_item_is_explained() -> None:
    text = PAGE.read_text()
    assert [outcome for outcome in OUTCOMES if f"**{outcome}**" not in text] == []
