"""
Golden pairs: folders with faults, and what is told of them with line and column; and that no
folder, however hostile, is answered with anything but problems.

Each folder of `tests/golden/workflows` has a `problems.txt` with one line for each problem.
"""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.workflows.folder import Reading, named_paths, read
from quarterdeck.workflows.folder_files import path_problem
from quarterdeck.workflows.manifest import Folder
from quarterdeck.workflows.starter import starter
from workflows.folders import fraud

GOLDEN = Path(__file__).parent.parent / "golden" / "workflows"


def folder_of(path: Path) -> Folder:
    files = {
        file.relative_to(path).as_posix(): file.read_bytes()
        for file in path.rglob("*")
        if file.is_file() and file.name != "problems.txt"
    }
    return Folder(files=files)


def told(reading: Reading) -> str:
    lines = [
        f"{p.file}:{p.line}:{p.column}: {p.severity}: {p.path}: {p.message}"
        + (f" | {p.hint}" if p.hint else "")
        for p in reading.problems
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.iterdir()))
def test_every_problem_is_told_with_its_place(name: str) -> None:
    reading = read(folder_of(GOLDEN / name))
    assert told(reading) == (GOLDEN / name / "problems.txt").read_text()
    assert reading.manifest is None


def test_the_starter_is_valid_without_a_warning() -> None:
    files = starter("support")
    files.pop("workflow.schema.json")
    reading = read(Folder(files=files))
    assert reading.problems == ()
    assert reading.manifest is not None
    assert reading.manifest.name == "support"
    assert set(reading.tools) == {"find_order", "refund_order"}
    assert reading.prompts["support"].startswith("You help customers")


def test_only_named_files_are_part_of_a_version() -> None:
    folder = fraud(README_md="hello")
    reading = read(folder)
    assert reading.manifest is not None
    assert set(reading.folder.files) == set(folder.files) - {"README.md"}
    assert [p.message for p in reading.problems if "README" in p.message] == [
        "nothing names 'README.md': it will be no part of the version"
    ]
    assert set(named_paths(folder.files["workflow.yaml"])) == set(reading.folder.files) - {
        "workflow.yaml"
    }


def test_words_of_yaml_1_1_are_texts_and_on_is_a_key() -> None:
    text = """
name: words
agents: {off: {role: no, description: 2026-01-01, instructions: {registry: x, version: 1}}}
models: {yes: {targets: [{model: x}], fallbacks: [{on: [timeout]}]}}
"""
    manifest = read(Folder(files={"workflow.yaml": text.encode()})).manifest
    assert manifest is not None
    assert manifest.agents["off"].role == "no"
    assert manifest.agents["off"].description == "2026-01-01"
    assert manifest.models["yes"].fallbacks[0].on == ("timeout",)


def test_an_alias_repeats_a_value() -> None:
    text = "name: alias\nagents:\n  a: &one {instructions: {registry: x, version: 1}}\n  b: *one\n"
    manifest = read(Folder(files={"workflow.yaml": text.encode()})).manifest
    assert manifest is not None
    assert manifest.agents["a"] == manifest.agents["b"]


LAUGHS = "a0: &a0 x\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xef\xbb\xbf",
        b"\xff\xfe\x00",
        b"a: \x00",
        b"[" * 200_000,
        b"{a: " * 100_000,
        b"- " * 100_000,
        b"? " * 10_000,
        b"&a [*a]",
        b"a: &a {b: *a}",
        LAUGHS.encode(),
        b"- a\n" * 300_000,
        b"".join(b"k%d: 1\n" % n for n in range(90_000)),
        b"a: " + b"9" * 100_000,
        b"a: 1e999",
        b"a: .inf",
        b'a: "\\0"',
        b'name: "\\ud800"',
        b"x" * 1_000_001,
        b"--- a\n--- b\n",
        b"%YAML 9.9\n---\na: 1",
        b"'" * 100_000,
        b"agents: {a: {tools: {}, model: [], handoffs: 3, instructions: [1]}}",
        b"models: {a: {targets: [1, null, {when: 3}], fallbacks: {on: x}}}",
        b"mcp_servers: {a: {url: 'http://[::1', headers: [], command: x}}",
        b"budgets: []\ncontext: 3\nmemory: x\nescalation: {when: a}\nlearned: [1]",
        b"agents: {a: {instructions: 'a\\0b'}, '': {}, 'A': {}}",
    ],
    ids=lambda text: repr(text[:16]),
)
def test_a_hostile_manifest_is_told_soon(text: bytes) -> None:
    began = time.monotonic()
    reading = read(Folder(files={"workflow.yaml": text}))
    assert reading.manifest is None
    assert reading.errors
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"name": "block_card", "parameters": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
        b'{"name": "block_card", "description": "\\u0000"}',
        b'{"name": "block_card", "description": "\\ud800"}',
        b'{"name": "block_card", "parameters": {"maximum": 1e999}}',
        b'{"name": "block_card", "parameters": {"maximum": NaN}}',
        b'{"name": "block_card", "parameters": {"maximum": 99999999999999999999}}',
        b'{"name": "block_card", "name": "block_card"}',
        b'{"name": "block_card", "parameters": {"$ref": "file:///etc/passwd"}}',
        b'{"name": "block_card", "parameters": [1]}',
        b'{"name": "block_card", "parameters": {"type": "string"}}',
        b'{"name": 3}',
        b"[]",
        b"",
        b"1" * 10_000,
    ],
    ids=lambda content: repr(content[:60]),
)
def test_a_hostile_tool_is_told(content: bytes) -> None:
    reading = read(Folder(files={**fraud().files, "tools/block_card.json": content}))
    assert reading.manifest is None
    assert {p.file for p in reading.errors} == {"tools/block_card.json"}


@pytest.mark.parametrize(
    "path",
    ["../a", "/a", "a/../b", "a\\b", "a\0b", "C:a", "a//b", "./a", "a/.", "a\n", "", " a", "a."],
)
def test_a_path_stays_in_the_folder(path: str) -> None:
    assert path_problem(path)


@pytest.mark.parametrize("path", [".git/config", "a/.GIT/hooks/x", ".envrc", ".github/w.yml"])
def test_a_version_brings_no_file_that_another_program_runs_where_it_is_pulled(path: str) -> None:
    assert path_problem(path) == "a part that begins with a dot, in a path"


def test_paths_of_people_are_taken() -> None:
    paths = ["prompts/a.md", "prüfung/größe.md", "a-b_c/d e.json", "a.b/c.d.md"]
    assert [path for path in paths if path_problem(path)] == []


@pytest.mark.parametrize("name", ["a\n", "a b", "1a", "ä", "a" * 101])
def test_a_name_is_a_name_to_its_end(name: str) -> None:
    manifest = json.dumps(
        {"name": name, "agents": {"a": {"instructions": {"registry": "x", "version": 1}}}}
    )
    reading = read(Folder(files={"workflow.yaml": manifest.encode()}))
    assert [p.path for p in reading.errors] == ["name"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=12,
)
KNOWN = [
    "name", "agents", "tools", "models", "targets", "fallbacks", "on", "when", "memory", "context",
    "budgets", "session", "tasks", "escalation", "mcp_servers", "url", "command", "headers",
    "learned", "instructions", "schema", "rules", "permission", "handoffs", "a", "b",
]  # fmt: skip
manifests = st.recursive(
    values | st.sampled_from(["a", "b", "allow", "timeout", "args.a > 1", "prompts/a.md"]),
    lambda inner: (
        st.dictionaries(st.sampled_from(KNOWN), inner, max_size=6) | st.lists(inner, max_size=3)
    ),
    max_leaves=30,
)


@settings(max_examples=150, deadline=None)
@given(manifests, st.dictionaries(st.sampled_from(["prompts/a.md", "a", ""]), st.binary()))
def test_no_manifest_of_any_shape_raises(value: object, files: dict[str, bytes]) -> None:
    text = json.dumps(value).encode()
    reading = read(Folder(files={**files, "workflow.yaml": text}))
    assert (reading.manifest is None) == bool(reading.errors)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2000), st.binary(max_size=8), st.integers(0, 40))
def test_no_damage_to_a_good_manifest_raises(at: int, put: bytes, cut: int) -> None:
    good = starter("support")["workflow.yaml"]
    at = min(at, len(good))
    damaged = good[:at] + put + good[at + cut :]
    reading = read(Folder(files={**starter("support"), "workflow.yaml": damaged}))
    assert (reading.manifest is None) == bool(reading.errors)
    lines = damaged.count(b"\n") + damaged.count(b"\r") + 2
    assert all(1 <= p.line <= lines for p in reading.errors if p.file == "workflow.yaml")
