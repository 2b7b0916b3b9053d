"""
Pins: what the references of a manifest meant when it was pushed, and what no release can move.

A reference to the prompt registry is pinned with its text, so that the version says the same after
the prompt is deleted there.  A reference to weights is pinned by address and, where somebody tells
one, digest: the weights themselves are elsewhere, and so is the program that loads them.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from quarterdeck.workflows.manifest import Learned, Manifest, Pin, RegisteredPrompt, Version


class Reference(NamedTuple):
    """A place of the manifest that names a prompt of the registry."""

    path: tuple[str, str, str]
    """Of the place: `("agents", "triage", "instructions")`."""
    key: str
    """Under which `Version.prompts` has its text: `triage`, `context:short`."""
    prompt: RegisteredPrompt


def references_of(manifest: Manifest) -> Iterator[Reference]:
    """In the manifest's order."""
    for name, agent in manifest.agents.items():
        if isinstance(agent.instructions, RegisteredPrompt):
            yield Reference(("agents", name, "instructions"), name, agent.instructions)
    for name, policy in manifest.context.items():
        if isinstance(policy.summary_prompt, RegisteredPrompt):
            yield Reference(
                ("context", name, "summary_prompt"), f"context:{name}", policy.summary_prompt
            )


def pin_of(reference: RegisteredPrompt, *, digest: str, text: str) -> Pin:
    """
    The pin of a prompt that the registry found.

    It has a number only where the manifest names one: equal content committed there once more
    would otherwise make another version of the same folder.
    """
    number = 0 if reference.version is UNSET else reference.version
    return Pin(kind="prompt", name=reference.registry, digest=digest, version=number, text=text)


def pinned_prompts(manifest: Manifest, pins: Iterable[Pin]) -> dict[str, str]:
    """Text by key, of the references that `pins` has an answer to."""
    found = {}
    told = [pin for pin in pins if pin.kind == "prompt"]
    for reference in references_of(manifest):
        pin = next((pin for pin in told if _means(reference.prompt, pin)), None)
        if pin is not None:
            found[reference.key] = pin.text
    return found


def _means(reference: RegisteredPrompt, pin: Pin) -> bool:
    number = 0 if reference.version is UNSET else reference.version
    return (
        pin.name == reference.registry
        and pin.version == number
        and (reference.digest is UNSET or reference.digest == pin.digest)
    )


def learned_of(version: Version) -> dict[str, Learned]:
    """The entries of `learned`, by name, each with the address and digest that it is pinned to."""
    found = dict(version.manifest.learned)
    for pin in version.pins:
        entry = found.get(pin.name)
        if pin.kind == "learned" and entry is not None:
            found[pin.name] = msgspec.structs.replace(
                entry, uri=pin.uri or entry.uri, digest=pin.digest or UNSET
            )
    return found


def not_moved(from_version: Version, to_version: Version) -> list[str]:
    """
    What going from one version to the other leaves to be done by hand, one sentence each, by
    name: weights that somebody else loads.  Empty where both use the same, by digest.
    """
    was, will = learned_of(from_version), learned_of(to_version)
    told = (
        _to_do(name, was.get(name), will.get(name)) for name in sorted(was.keys() | will.keys())
    )
    return [sentence for sentence in told if sentence]


def _to_do(name: str, was: Learned | None, will: Learned | None) -> str:
    if will is None:
        return f"{name}: {_called(was)} is used no longer; {_by(was)}: it may be unloaded there"
    load = f"{_by(will)}: load it there"
    if was is None:
        return f"{name}: {_called(will)} is used; {load}"
    if was.uri != will.uri or was.digest != will.digest:
        return f"{name}: {_called(was)} → {_called(will)}; {load}"
    if was.served_by != will.served_by:
        return f"{name}: {_called(will)}, {_by(was)} before; {load}"
    if will.digest is UNSET:
        return (
            f"{name}: {_called(will)} in both; whether it still means the same weights can't be "
            f"told; {_by(will)}: check it there"
        )
    return ""


def _called(entry: Learned | None) -> str:
    if entry is None:
        return "nothing"
    return f"{entry.uri} ({'no digest' if entry.digest is UNSET else entry.digest})"


def _by(entry: Learned | None) -> str:
    return (
        f"loaded by {entry.served_by}" if entry and entry.served_by else "nobody said who loads it"
    )
