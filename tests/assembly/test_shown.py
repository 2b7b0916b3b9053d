"""Texts of traces are bounded, say what is left out, and carry no base64."""

import base64
import json

import pytest

from quarterdeck.assembly.shown import (
    at_pointer,
    bounded,
    fields_of,
    shown_message,
    without_base64,
)
from quarterdeck.model.messages import MediaPart, Message, TextPart, ToolCallPart

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 12).decode()


def test_a_text_of_20_kb_is_whole_and_one_byte_more_shows_its_ends() -> None:
    whole = bounded("a" * 20_000, "/output")
    assert (whole.text, whole.tail, whole.left_out, whole.part) == ("a" * 20_000, None, 0, None)
    cut = bounded("b" * 10_000 + "c" * 10_001, "/output")
    assert (cut.text, cut.tail) == ("b" * 4_000, "c" * 4_000)
    assert (cut.bytes, cut.left_out, cut.part) == (20_001, 12_001, "/output")


def test_ends_are_cut_between_characters_and_counted_in_bytes() -> None:
    cut = bounded("é" * 15_000, "/output")
    assert cut.bytes == 30_000
    assert cut.text == "é" * 2_000
    assert cut.tail == "é" * 2_000
    assert cut.left_out == 22_000


def test_the_whole_of_a_long_text_can_be_asked_for() -> None:
    assert bounded("x" * 50_000, "/output", whole_bytes=0).text == "x" * 50_000


def test_a_data_url_within_a_text_becomes_a_word() -> None:
    text, omitted = without_base64(f"see data:image/png;base64,{PNG} there")
    assert text == f"see [image/png, {omitted[0].bytes:,} bytes] there"
    assert [(one.omitted, one.bytes) for one in omitted] == [("image/png", 3080)]


def test_an_image_without_a_url_is_known_by_how_it_begins() -> None:
    assert without_base64(PNG)[1][0].omitted == "image/png"


@pytest.mark.parametrize(
    "text",
    [
        "0123456789abcdef" * 100,
        "a" * 5_000,
        "/usr/lib/python3/dist-packages/some/Long/Path0123456789/that/is/no/picture.py",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9" * 4,
        "words and words " * 400,
    ],
)
def test_hashes_paths_keys_and_prose_are_no_base64(text: str) -> None:
    assert without_base64(text) == (text, ())


def test_arguments_are_fields_with_a_kind_each() -> None:
    fields = fields_of({"path": "/a", "n": 3, "on": True, "no": None, "in": {"b": [1]}}, "/input")
    assert [(f.name, f.kind, f.value.text) for f in fields] == [
        ("path", "text", "/a"),
        ("n", "number", "3"),
        ("on", "bool", "true"),
        ("no", "null", "null"),
        ("in", "json", '{\n  "b": [\n    1\n  ]\n}'),
    ]


def test_a_text_that_is_an_object_has_fields_and_any_other_has_none() -> None:
    assert fields_of('{"a": "b"}', "/input")[0].value.text == "b"
    assert fields_of("{not json", "/input") == ()
    assert fields_of(["a"], "/input") == ()


def test_what_is_left_out_is_found_under_the_name_that_is_told() -> None:
    arguments = {"a/b": {"~": "x"}, "long": "y" * 30_000}
    content = {"input": arguments}
    long = fields_of(arguments, "/input")[1].value
    assert long.part == "/input/long"
    assert at_pointer(content, long.part) == "y" * 30_000
    assert at_pointer(content, "/input/a~1b/~0") == "x"


@pytest.mark.parametrize("pointer", ["", "input", "/nowhere", "/input/0", "/list/7", "/list/-1"])
def test_a_name_of_nothing_is_a_lookup_error(pointer: str) -> None:
    with pytest.raises(LookupError):
        at_pointer({"input": "text", "list": [1]}, pointer)


def test_an_image_in_a_message_is_named_and_counted() -> None:
    message = Message(
        role="user",
        parts=(
            TextPart(content="look"),
            MediaPart(modality="image", mime_type="image/png", content=PNG),
            ToolCallPart(name="zoom", id="c1", arguments={"by": 2}),
        ),
    )
    text, image, call = shown_message(message, "/input_messages/0").parts
    assert text.text is not None
    assert text.text.text == "look"
    assert image.media is not None
    assert (image.media.omitted, image.media.bytes) == ("image/png", 3080)
    assert PNG[:40] not in json.dumps([str(image), str(call)])
    assert call.fields is not None
    assert (call.name, call.call_id, call.fields[0].value.text) == ("zoom", "c1", "2")
