"""What a comparison of two versions tells, and that it leaves nothing out."""

import copy
import json
from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.workflows import manifest as nouns
from quarterdeck.workflows.compare import Comparison, compare
from quarterdeck.workflows.manifest import Folder, Manifest, Pin, Version

SHA = "sha256:" + "1" * 64
FULL: dict[str, Any] = {
    "name": "fraud",
    "description": "Looks at alerts",
    "memory_checkpoint": "before-launch",
    "agents": {
        "triage": {
            "role": "planner", "description": "first look", "instructions": "prompts/triage.md",
            "model": "smart", "tools": ["block_card", "lookup"], "handoffs": ["review"],
            "memory": ["customers"], "context": "short", "mcp_servers": ["crm"],
        },
        "review": {"instructions": {"registry": "fraud/review", "version": 3}},
        "third": {"instructions": {"registry": "fraud/third", "digest": SHA}},
    },
    "tools": {
        "block_card": {
            "schema": "tools/block_card.json", "permission": "ask", "timeout_s": 20.0,
            "retries": 1,
            "rules": [
                {"when": "args.amount <= 20", "permission": "allow"},
                {"when": "args.amount > 500", "permission": "deny"},
            ],
            "ask": {"question": "Block it?", "timeout_s": 60.0, "default": "deny"},
        },
        "lookup": {},
    },
    "models": {
        "smart": {
            "targets": [
                {"model": "gpt-4o", "provider": "openai", "when": "task.type == 'fraud'",
                 "parameters": {"temperature": 0.2, "stop": ["a", "b"]}, "timeout_s": 30.0,
                 "retries": 3, "adapter": "lora"},
                {"model": "haiku", "provider": "anthropic"},
            ],
            "fallbacks": [
                {"on": ["timeout", "overloaded"], "action": "next", "route": "cheap"},
                {"on": ["rate_limited"]},
            ],
        },
        "cheap": {"targets": [{"model": "small"}]},
    },
    "memory": {
        "customers": {"scope": "user", "description": "facts", "ttl_days": 90.0,
                      "writers": ["triage", "review"]},
        "open": {},
    },
    "context": {
        "short": {
            "keep_system": True, "keep_first_turns": 1, "keep_last_turns": 8,
            "keep_tool_results": 3, "max_tokens": 8000, "summarize_above_tokens": 6000,
            "summarizer": "cheap", "summary_prompt": "prompts/short.md",
        },
    },
    "budgets": {
        "session": {"usd": "2.50", "tokens": 100000, "model_calls": 50, "tool_calls": 40,
                    "duration_s": 600.0, "on_exceeded": "stop"},
        "tasks": {"refund": {"usd": "0.50"}},
    },
    "escalation": [
        {"when": "session.errors >= 5", "question": "Go on?", "timeout_s": 60.0,
         "default": "stop"},
        {"when": "task.type == 'fraud'"},
    ],
    "mcp_servers": {
        "crm": {"url": "https://crm.example.org/mcp", "headers": {"Authorization": "${env:CRM}"},
                "tools": ["find", "note"], "permission": "ask"},
        "local": {"command": ["crm", "--stdio"], "environment": {"HOME": "${env:HOME}"}},
    },
    "learned": {
        "lora": {"uri": "models:/fraud/4", "digest": SHA, "base_model": "llama",
                 "served_by": "vllm at gpu-1"},
    },
}  # fmt: skip
TOOLS = {
    "block_card": {
        "name": "block_card",
        "description": "Blocks a card.",
        "parameters": {
            "type": "object",
            "properties": {
                "card": {"type": "string", "maxLength": 20},
                "reason": {"type": "string", "enum": ["stolen", "lost"]},
            },
            "required": ["card"],
            "additionalProperties": False,
        },
    }
}
PROMPTS = {"triage": "Triage.\nBe quick.\n", "review": "Review.\n", "context:short": "Shorten."}


def version(
    manifest: dict[str, Any] | None = None,
    *,
    prompts: dict[str, str] | None = None,
    tools: dict[str, Any] | None = None,
    pins: tuple[Pin, ...] = (),
) -> Version:
    return Version(
        workflow="fraud",
        version=1,
        digest=SHA,
        manifest=msgspec.convert(FULL if manifest is None else manifest, Manifest),
        prompts=PROMPTS if prompts is None else prompts,
        tools=TOOLS if tools is None else tools,
        pins=pins,
    )


def compared(before: Version, after: Version) -> Comparison:
    """With one file for all that a side says, so that files differ where anything does."""

    def folder(side: Version) -> Folder:
        return Folder(files={"all": msgspec.json.encode((side.manifest, side.prompts, side.tools))})

    return compare(before, after, before_files=folder(before), after_files=folder(after))


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    """`FULL` with another value there; `...` takes it away."""
    manifest = copy.deepcopy(FULL)
    at: Any = manifest
    for part in path[:-1]:
        at = at[part]
    if to is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = to
    return manifest


def told(manifest: dict[str, Any]) -> list[tuple[str, str, str]]:
    summary = compared(version(), version(manifest)).summary
    return [(one.area, one.severity, one.text) for one in summary]


# --------------------------------------------------------------------------------- golden

BLOCK = ("tools", "block_card")
GPT, HAIKU = '"openai/gpt-4o"', '"anthropic/haiku"'
SENTENCES: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    (changed(*BLOCK, "permission", to="allow"), [
        ("permissions", "widens",
         "block_card may now be called without asking: ask → allow")]),
    (changed(*BLOCK, "permission", to="deny"), [
        ("permissions", "narrows", "block_card may no longer be called: ask → deny")]),
    (changed("tools", "lookup", "permission", to="ask"), [
        ("permissions", "narrows", "lookup may be called only after asking: allow → ask")]),
    (changed(*BLOCK, "rules", 0, "permission", to="deny"), [
        ("permissions", "narrows", "block_card, when args.amount <= 20: allow → deny")]),
    (changed(*BLOCK, "rules", 0, "when", to="args.amount <= 50"), [
        ("permissions", "changes",
         "block_card: a rule's condition is another: args.amount <= 20 → args.amount <= 50")]),
    (changed(*BLOCK, "rules", 1, to=...), [
        ("permissions", "widens", "block_card lost the rule, when args.amount > 500: deny")]),
    (changed(*BLOCK, "rules", to=FULL["tools"]["block_card"]["rules"][::-1]), [
        ("permissions", "changes", "block_card: the rules are tried in another order")]),
    (changed(*BLOCK, "ask", "default", to="allow"), [
        ("permissions", "widens", "block_card, when nobody answers: deny → allow")]),
    (changed("agents", "triage", "tools", to=["block_card", "lookup", "pay"]), [
        ("permissions", "widens", "triage may now use pay")]),
    (changed("agents", "triage", "tools", to=["lookup"]), [
        ("permissions", "narrows", "triage may no longer use block_card")]),
    (changed("agents", "new", to={"tools": ["block_card"]}), [
        ("permissions", "widens", "new agent new, which may use block_card")]),
    (changed("tools", "lookup", to=...), [
        ("tools", "narrows", "tool lookup (allow) is gone; it was offered to triage")]),
    (changed("budgets", "session", "usd", to="5"), [
        ("budgets", "widens", "a session may spend at most 5 USD: 2.50 → 5")]),
    (changed("budgets", "session", "usd", to="1"), [
        ("budgets", "narrows", "a session may spend at most 1 USD: 2.50 → 1")]),
    (changed("budgets", "session", "tokens", to=...), [
        ("budgets", "widens",
         "a session may use more than 100000 tokens: the limit is gone")]),
    (changed("budgets", "tasks", "refund", "tool_calls", to=3), [
        ("budgets", "narrows",
         "a session of refund may call tools at most 3 times: there was no limit")]),
    (changed("budgets", "session", "on_exceeded", to="warn"), [
        ("budgets", "widens", "a session over its budget: stop → warn")]),
    (changed("escalation", 1, to=...), [
        ("escalation", "widens", "a person is no longer asked when task.type == 'fraud'")]),
    (changed("escalation", 0, "default", to="continue"), [
        ("escalation", "widens", "when nobody answers (session.errors >= 5): stop → continue")]),
    (changed("agents", "triage", "handoffs", to=["review", "third"]), [
        ("handoffs", "widens", "triage may now hand over to third")]),
    (changed("models", "smart", "targets", to=FULL["models"]["smart"]["targets"][::-1]), [
        ("models", "changes",
         f"smart tries its models in another order: [{GPT}, {HAIKU}] → [{HAIKU}, {GPT}]")]),
    (changed("models", "smart", "targets", 0, "parameters", "temperature", to=0), [
        ("models", "changes",
         "models.smart.targets[openai/gpt-4o].parameters.temperature: 0.2 → 0")]),
    (changed("memory", "customers", "writers", to=["triage"]), [
        ("memory", "narrows", "review may no longer write the memory customers")]),
    (changed("memory", "customers", "writers", to=...), [
        ("memory", "widens", "all that read the memory customers may write it")]),
    (changed("mcp_servers", "crm", "tools", to=...), [
        ("permissions", "widens", "all tools of crm may be seen")]),
    (changed("mcp_servers", "crm", "permission", to="allow"), [
        ("permissions", "widens",
         "a tool of crm that is not named may now be called without asking: ask → allow")]),
    (changed("learned", "lora", "uri", to="models:/fraud/3"), [
        ("learned", "changes", "lora means other weights: models:/fraud/4 → models:/fraud/3")]),
]  # fmt: skip


@pytest.mark.parametrize(("manifest", "sentences"), SENTENCES, ids=lambda one: str(one)[-60:])
def test_a_change_is_told_by_what_it_means(
    manifest: dict[str, Any], sentences: list[tuple[str, str, str]]
) -> None:
    assert told(manifest) == sentences


def test_what_agents_may_do_is_told_first() -> None:
    manifest = changed("models", "cheap", "targets", 0, "model", to="other")
    manifest["budgets"]["session"]["usd"] = "9"
    manifest["tools"]["block_card"]["permission"] = "allow"
    manifest["tools"]["lookup"]["permission"] = "ask"
    found = compared(version(), version(manifest, prompts=PROMPTS | {"triage": "x"}))
    assert [(one.area, one.severity) for one in found.summary] == [
        ("permissions", "widens"),
        ("permissions", "narrows"),
        ("budgets", "widens"),
        ("models", "changes"),
        ("prompts", "changes"),
    ]


def test_what_a_version_says_is_told_in_one_line_and_makes_no_second_sentence() -> None:
    when = 'args.amount < 9 || args.why == """\n  - block_card may no longer be called\n"""'
    rules = [*FULL["tools"]["block_card"]["rules"], {"when": when, "permission": "allow"}]
    [(_, severity, text)] = told(changed("tools", "block_card", "rules", to=rules))
    assert severity == "widens"
    assert text.splitlines() == [text]


def test_the_fields_of_a_tool_are_told_one_by_one() -> None:
    tools = json.loads(json.dumps(TOOLS))
    parameters = tools["block_card"]["parameters"]
    del parameters["properties"]["reason"]
    parameters["properties"]["card"]["type"] = "integer"
    parameters["properties"]["until"] = {"type": "string"}
    parameters["required"].append("until")
    tools["block_card"]["description"] = "Blocks.\nAt once."
    found = compared(version(), version(tools=tools))
    assert [(one.kind, one.path) for one in found.changes] == [
        ("changed", "tools.block_card.description"),
        ("changed", "tools.block_card.parameters.properties.card.type"),
        ("removed", "tools.block_card.parameters.properties.reason"),
        ("added", "tools.block_card.parameters.properties.until"),
        ("added", "tools.block_card.parameters.required[until]"),
    ]
    assert [one.text for one in found.summary][1:] == [
        "block_card: the argument card is of another type: string → integer",
        "block_card no longer takes the argument reason",
        "block_card takes the argument until",
        "block_card: the argument until has to be given now",
    ]
    text = found.changes[0].text
    assert text is not None
    assert (text.before, text.after) == ("Blocks a card.", "Blocks.\nAt once.")


def test_a_prompt_is_told_with_both_texts_whole() -> None:
    found = compared(version(), version(prompts=PROMPTS | {"triage": "Triage.\n"}))
    (change,) = found.changes
    assert (change.area, change.path) == ("prompts", "prompts.triage")
    assert change.text is not None
    assert (change.text.before, change.text.after) == (PROMPTS["triage"], "Triage.\n")


def test_weights_that_an_alias_came_to_mean_are_told_though_the_folder_is_the_same() -> None:
    moving = changed("learned", "lora", to={"uri": "models:/fraud@champion"})
    sides = [
        version(
            moving, pins=(Pin(kind="learned", name="lora", digest="", uri=f"models:/fraud/{n}"),)
        )
        for n in (3, 4)
    ]
    found = compared(*sides)
    assert [one.text for one in found.summary] == [
        "lora means other weights: models:/fraud/3 → models:/fraud/4"
    ]
    assert found.files == ()


def test_a_comment_is_a_change_of_text_only() -> None:
    one, other = (Folder(files={"workflow.yaml": text}) for text in (b"name: f", b"name: f #"))
    found = compare(version(), version(), before_files=one, after_files=other)
    assert (found.changes, found.summary, found.textual_only) == ((), (), True)
    assert [(file.path, file.kind) for file in found.files] == [("workflow.yaml", "changed")]
    same = compare(version(), version(), before_files=one, after_files=one)
    assert same == Comparison()


def test_a_default_that_is_written_out_is_no_change() -> None:
    assert told(changed("tools", "lookup", to={"permission": "allow", "retries": 0})) == []


# ------------------------------------------------------------------------- nothing untold


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of `FULL`, objects and lists included."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else ()
    for key, inner in items or (enumerate(value) if isinstance(value, list) else ()):
        yield from leaves(inner, (*path, key))


PLACES = list(leaves(FULL))
CHOICES = {
    *get_args(nouns.Permission), *get_args(nouns.FailureKind), *get_args(nouns.MemoryScope),
    "retry", "next", "fail", "stop", "warn", "continue",
}  # fmt: skip
"""Each is tried where one of them stands; the type takes what it takes."""


def other_value(value: Any) -> Iterator[Any]:
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
        case str() if value in CHOICES:
            yield from sorted(CHOICES - {value})
        case str():
            yield from (value + "x", value + "1", "sha256:" + "2" * 64)
        case dict():
            yield {}
        case list():
            yield from ([], value[1:], value[::-1])
    yield ...


def mutants(place: tuple[str | int, ...]) -> Iterator[Version]:
    at: Any = FULL
    for part in place:
        at = at[part]
    for value in other_value(at):
        try:
            yield version(changed(*place, to=value))
        except msgspec.ValidationError:
            continue


def test_every_field_of_a_manifest_stands_in_the_full_one() -> None:
    """A field that a later release adds is compared, or this fails."""
    found: set[tuple[type[msgspec.Struct], str]] = set()

    def walk(value: Any) -> None:
        if isinstance(value, msgspec.Struct):
            for name in value.__struct_fields__:
                inner = getattr(value, name)
                if inner is not msgspec.UNSET and inner not in ((), {}, ""):
                    found.add((type(value), name))
                walk(inner)
        elif isinstance(value, dict):
            for inner in value.values():
                walk(inner)
        elif isinstance(value, tuple):
            for inner in value:
                walk(inner)

    walk(version().manifest)
    parts = {kind for kind, _ in found}
    fields = {(kind, field.name) for kind in parts for field in msgspec.structs.fields(kind)}
    assert fields == found
    described = [kind for kind in vars(nouns).values()
                 if isinstance(kind, type) and issubclass(kind, nouns._Part)]  # fmt: skip
    assert {kind.__name__ for kind in described} - {"_Part"} == {kind.__name__ for kind in parts}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_every_changed_field_is_told_and_the_mirror_is_the_mirror(
    place: tuple[str | int, ...],
) -> None:
    here, tried = version(), 0
    for other in mutants(place):
        tried += 1
        found, back = compared(here, other), compared(other, here)
        if other.manifest == here.manifest:
            assert found.changes == ()
            continue
        assert found.changes, (place, other.manifest)
        assert len(found.summary) == len(found.changes)
        assert all(one.text.strip() for one in found.summary)
        assert not found.textual_only
        assert str(place[0]) in str([change.path for change in found.changes])
        swapped = {"added": "removed", "removed": "added", "changed": "changed"}
        assert [
            (one.area, one.path, swapped[one.kind], spelled(one.after), spelled(one.before))
            for one in found.changes
        ] == [
            (one.area, one.path, one.kind, spelled(one.before), spelled(one.after))
            for one in back.changes
        ]
        mirror = {"widens": "narrows", "narrows": "widens", "changes": "changes"}
        assert sorted((one.area, mirror[one.severity]) for one in found.summary) == sorted(
            (one.area, one.severity) for one in back.summary
        )
    # A workflow has one agent at least, and a route one target, of which a model is needed.
    assert tried or place in {("agents",), ("models", "cheap", "targets", 0)}


def spelled(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PLACES), max_size=4), st.randoms(use_true_random=False))
def test_any_two_versions_compare_and_each_equals_itself(
    places: list[tuple[str | int, ...]], random: Any
) -> None:
    sides = [version()]
    for place in places:
        found = list(mutants(place))
        if found:
            sides.append(random.choice(found))
    for one in sides:
        same = compared(one, one)
        assert (same.changes, same.summary, same.files, same.textual_only) == ((), (), (), False)
        for other in sides:
            differs = compared(one, other)
            assert bool(differs.changes) == (one.manifest != other.manifest)
            msgspec.json.encode(differs)
