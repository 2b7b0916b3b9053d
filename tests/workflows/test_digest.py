"""What the digest of a workflow version promises."""

import hashlib
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.errors import Misconfigured
from quarterdeck.workflows.digest import digest_of, verify
from quarterdeck.workflows.manifest import Folder, Pin

PATHS = st.text(string.ascii_lowercase + "/._é", min_size=1, max_size=8)
FILES = st.dictionaries(PATHS, st.binary(max_size=12), max_size=4)
WORDS = st.text(max_size=6)
PINS = st.lists(
    st.builds(
        Pin,
        kind=st.sampled_from(["prompt", "learned"]),
        name=WORDS,
        digest=WORDS,
        version=st.integers(0, 3),
        uri=WORDS,
        text=WORDS,
    ),
    max_size=3,
)


def test_the_digest_of_a_folder_never_changes() -> None:
    """Written out by hand: what this computes must be what every release computes."""
    folder = Folder(files={"workflow.yaml": b"name: f\n", "prompts/a.md": b"hi"})
    pin = Pin(kind="prompt", name="a", digest="sha256:00", version=2, text="hi")

    def text(content: bytes) -> bytes:
        return len(content).to_bytes(8, "big") + content

    written = (
        text(b"quarterdeck workflow version, format 1")
        + (2).to_bytes(8, "big")
        + text(b"prompts/a.md") + text(b"hi")
        + text(b"workflow.yaml") + text(b"name: f\n")
        + (1).to_bytes(8, "big")
        + (5).to_bytes(8, "big")
        + text(b"digest") + text(b"sha256:00")
        + text(b"kind") + text(b"prompt")
        + text(b"name") + text(b"a")
        + text(b"text") + text(b"hi")
        + text(b"version") + text(b"2")
    )  # fmt: skip
    assert digest_of(folder, [pin]) == "sha256:" + hashlib.sha256(written).hexdigest()


@given(FILES, PINS, st.randoms(use_true_random=False))
def test_the_order_of_files_and_pins_says_nothing(
    files: dict[str, bytes], pins: list[Pin], random: object
) -> None:
    shuffled, others = list(files.items()), list(pins)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    random.shuffle(others)  # type: ignore[attr-defined]
    same = digest_of(Folder(files=dict(shuffled)), others)
    assert same == digest_of(Folder(files=files), pins)


@given(FILES, PINS, FILES, PINS)
def test_two_contents_have_one_digest_only_if_they_are_equal(
    files: dict[str, bytes], pins: list[Pin], other_files: dict[str, bytes], other_pins: list[Pin]
) -> None:
    equal = files == other_files and _set(pins) == _set(other_pins)
    digests_equal = digest_of(Folder(files=files), pins) == digest_of(
        Folder(files=other_files), other_pins
    )
    assert digests_equal == equal


def _set(pins: list[Pin]) -> set[bytes]:
    return {msgspec.json.encode(pin) for pin in pins}


@given(st.binary(max_size=6), st.binary(max_size=6), st.binary(max_size=6))
def test_bytes_that_move_from_one_file_to_the_next_are_seen(
    one: bytes, two: bytes, moved: bytes
) -> None:
    there = digest_of(Folder(files={"a": one + moved, "b": two}))
    here = digest_of(Folder(files={"a": one, "b": moved + two}))
    assert (there == here) == (not moved or (one + moved == one and moved + two == two))


@given(FILES.filter(bool), PINS, st.data())
def test_any_changed_byte_path_or_pin_is_refused(
    files: dict[str, bytes], pins: list[Pin], data: st.DataObject
) -> None:
    folder = Folder(files=files)
    digest = digest_of(folder, pins)
    verify(folder, pins, digest=digest, what="version 1 of f")
    path = data.draw(st.sampled_from(sorted(files)))
    changed = data.draw(st.binary(max_size=12).filter(lambda content: content != files[path]))
    without = {name: content for name, content in files.items() if name != path}
    for broken in (files | {path: changed}, without, without | {path + "x": files[path]}):
        if broken == files:
            continue
        with pytest.raises(Misconfigured, match="version 1 of f is not what was pushed"):
            verify(Folder(files=broken), pins, digest=digest, what="version 1 of f")
    added = [*pins, Pin(kind="learned", name="never drawn", digest="")]
    with pytest.raises(Misconfigured):
        verify(folder, added, digest=digest, what="version 1 of f")
