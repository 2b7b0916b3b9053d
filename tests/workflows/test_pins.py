"""What is pinned, and what a release between two versions leaves to be done by hand."""

from typing import Any

import msgspec

from quarterdeck.workflows.manifest import Manifest, Pin, Version
from quarterdeck.workflows.pins import not_moved, pin_of, pinned_prompts, references_of

SHA_3, SHA_4 = f"sha256:{'3' * 64}", f"sha256:{'4' * 64}"


def version(number: int, *pins: Pin, **manifest: Any) -> Version:
    return Version(
        workflow="fraud",
        version=number,
        digest=f"sha256:{number:064}",
        manifest=msgspec.convert({"name": "fraud", "agents": {"triage": {}}, **manifest}, Manifest),
        prompts={},
        tools={},
        pins=pins,
    )


def adapter(uri: str, digest: str = "", served_by: str = "vllm at gpu-1") -> dict[str, Any]:
    told = {"uri": uri, "served_by": served_by} | ({"digest": digest} if digest else {})
    return {"learned": {"fraud-lora": told}}


def test_weights_that_change_are_told_with_who_loads_them() -> None:
    now = version(4, **adapter("models:/fraud/4", SHA_4))
    before = version(3, **adapter("models:/fraud/3", SHA_3))
    assert not_moved(now, before) == [
        (
            f"fraud-lora: models:/fraud/4 ({SHA_4}) → models:/fraud/3 ({SHA_3}); "
            "loaded by vllm at gpu-1: load it there"
        )
    ]
    assert not_moved(now, now) == []


def test_what_the_push_pinned_counts_and_not_what_the_manifest_writes() -> None:
    """An alias moved between the two pushes: the folders are equal, the weights are not."""
    moving = adapter("models:/fraud@champion")
    now = version(
        2, Pin(kind="learned", name="fraud-lora", uri="models:/fraud/4", digest=SHA_4), **moving
    )
    before = version(
        1, Pin(kind="learned", name="fraud-lora", uri="models:/fraud/3", digest=SHA_3), **moving
    )
    (told,) = not_moved(now, before)
    assert f"models:/fraud/4 ({SHA_4}) → models:/fraud/3 ({SHA_3})" in told


def test_weights_that_nobody_gave_a_digest_are_not_said_to_be_the_same() -> None:
    same = version(1, **adapter("s3://weights/latest"))
    (told,) = not_moved(same, version(2, **adapter("s3://weights/latest")))
    assert "whether it still means the same weights can't be told" in told


def test_weights_that_come_or_go_are_told() -> None:
    without, having = version(1), version(2, **adapter("models:/fraud/4", SHA_4, served_by=""))
    assert not_moved(having, without) == [
        (
            f"fraud-lora: models:/fraud/4 ({SHA_4}) is used no longer; nobody said who loads it: "
            "it may be unloaded there"
        )
    ]
    assert not_moved(without, having) == [
        f"fraud-lora: models:/fraud/4 ({SHA_4}) is used; nobody said who loads it: load it there"
    ]


def test_a_pinned_prompt_is_found_by_the_way_that_the_manifest_names_it() -> None:
    named = version(
        1,
        agents={
            "triage": {"instructions": {"registry": "fraud/triage", "version": 3}},
            "review": {"instructions": {"registry": "fraud/review", "digest": SHA_3}},
        },
        context={"short": {"summary_prompt": {"registry": "fraud/triage", "version": 4}}},
    ).manifest
    by_path = {".".join(found.path): found.prompt for found in references_of(named)}
    pins = [
        pin_of(by_path["agents.triage.instructions"], digest=SHA_4, text="third"),
        pin_of(by_path["agents.review.instructions"], digest=SHA_3, text="by digest"),
        pin_of(by_path["context.short.summary_prompt"], digest=SHA_3, text="fourth"),
    ]
    assert [pin.version for pin in pins] == [3, 0, 4]
    assert pinned_prompts(named, pins) == {
        "triage": "third",
        "review": "by digest",
        "context:short": "fourth",
    }
