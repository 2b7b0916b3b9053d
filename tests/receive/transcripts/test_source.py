"""A file as its formats see it, whatever wrote it."""

import json
from pathlib import Path

import pytest

from quarterdeck.receive.transcripts.source import Source


@pytest.mark.parametrize("count", [1, 3])
def test_a_byte_order_mark_is_no_part_of_the_first_record(count: int, tmp_path: Path) -> None:
    """Windows tools write one."""
    path = tmp_path / "session.jsonl"
    path.write_text("\n".join([json.dumps({"said": "héllo"})] * count), encoding="utf-8-sig")
    source = Source(path)
    assert source.head == ({"said": "héllo"},) * count
    assert source.top == ({"said": "héllo"} if count == 1 else None)
    assert [line.number for line in source.lines()] == list(range(1, count + 1))
