"""The typed record has the keys of the record that the server makes, at every depth."""

import re
import types
import typing
from pathlib import Path
from typing import Any

import msgspec

from documented.test_session_record import FULL
from quarterdeck.assembly.record import to_json
from quarterdeck.model.findings import Finding
from quarterdeck.model.sessions import AgentUse, Session
from quarterdeck.model.spans import Problem
from quarterdeck.sdk.reading.asking import Filters
from quarterdeck.sdk.reading.figures import Figure, Group
from quarterdeck.sdk.reading.session_rows import COLUMNS
from quarterdeck.sdk.reading.verbs import SessionRecord, Sessions

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "sdk-reading.md"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "read-in-a-notebook.md"

WHOLE = msgspec.structs.replace(
    FULL,
    agents=(
        AgentUse(
            agent="a", role="", invocations=1, model_calls=1, tool_calls=1, errors=0, cost_usd=None
        ),
    ),
    problems=(Problem("k", "m"),),
    findings=(Finding(code="c", message="m"),),
    expected_calls=2,
    matched_calls=1,
)
"""Every list of the record has something in it."""


def shape_of_type(kind: Any) -> Any:
    """Key -> shape of what is below it; None for a leaf."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = typing.get_type_hints(kind)
        return {
            field.encode_name: shape_of_type(hints[field.name])
            for field in msgspec.structs.fields(kind)
        }
    if typing.get_origin(kind) in (tuple, types.UnionType, typing.Union):
        shapes = [shape_of_type(one) for one in typing.get_args(kind)]
        return next((shape for shape in shapes if shape is not None), None)
    return None


def shape_of_json(value: Any) -> Any:
    match value:
        case dict() if value:
            return {key: shape_of_json(inner) for key, inner in value.items()}
        case [first, *_] if isinstance(first, dict):
            return shape_of_json(first)
        case _:
            return None


# What the record holds as a map from the data's own names: no keys of ours.
FREE = {"units", "by_kind", "parts"}


def without_free(shape: Any) -> Any:
    if not isinstance(shape, dict):
        return shape
    return {key: None if key in FREE else without_free(inner) for key, inner in shape.items()}


def test_the_typed_record_is_the_servers_record() -> None:
    server = without_free(shape_of_json(to_json(WHOLE)))
    assert without_free(shape_of_type(SessionRecord)) == server, (
        "assembly/record.py and sdk/records.py drifted apart"
    )


def test_every_record_that_the_server_makes_is_read_without_loss() -> None:
    for session in (WHOLE, Session(session_id="s")):
        told = to_json(session)
        record = SessionRecord.from_json(msgspec.json.encode(told))
        assert record.json == told
        assert msgspec.to_builtins(record, str_keys=True).keys() == told.keys()


def test_every_column_of_a_frame_is_in_the_page_about_frames() -> None:
    told = re.findall(r"^\| (`.*?) \|", PAGE.read_text(), re.MULTILINE)
    listed = [name for cell in told for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(listed) == sorted(column.name for column in COLUMNS)


def test_every_filter_method_and_field_is_in_the_reference() -> None:
    names = {*typing.get_type_hints(Filters), *Figure.__struct_fields__, *Group.__struct_fields__}
    for kind in (Sessions, SessionRecord):
        fields = set(getattr(kind, "__struct_fields__", ()))
        names |= {name for name in dir(kind) if not name.startswith("_")} - fields - set(dir(tuple))
    told = set(re.findall(r"`[^`]*?(\w+)(?:\([^`]*\))?`", REFERENCE.read_text()))
    assert names - told == set()
