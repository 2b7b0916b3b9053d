"""
The files that a manifest names: prompts and tools.

Only named files are part of a version.  A path is relative to the folder and stays in it: `..`,
an absolute path, a backslash, a control character are refused here, whatever wrote the folder;
links are refused where a folder is read from a disk.  So is a part that begins with a dot: who
pulls a version must not find a `.git/config` or an `.envrc` in it, which programs act on.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from quarterdeck.workflows.folder_problems import (
    EMPTY,
    Mark,
    Path,
    Report,
    did_you_mean,
    quoted,
)
from quarterdeck.workflows.folder_schema import as_map
from quarterdeck.workflows.folder_yaml import read_yaml

MANIFEST = "workflow.yaml"
MAX_FILE = 1_000_000
"""Bytes of one file: the longest system prompts that we know have 60 KB."""
MAX_FILES = 1000
MAX_FOLDER = 16_000_000
"""Bytes of all named files: what a server takes in one request."""
MAX_TOOL_DEPTH = 40
"""Nesting of a tool file.  Providers take 5 to 10."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')
_TOOL_FIELDS = ("name", "description", "parameters")


def path_problem(path: str) -> str:
    """Why a path can't name a file of a folder; "" where it can."""
    found = _FORBIDDEN.search(path)
    if found:
        return f"{quoted(found[0])} in a path"
    if path.startswith("/"):
        return "an absolute path"
    parts = path.split("/")
    if ".." in parts:
        return "a path out of the folder"
    if "" in parts or "." in parts:
        return "an empty part, or a dot, in a path"
    if any(part.startswith(".") for part in parts):
        return "a part that begins with a dot, in a path"
    if any(part != part.strip() or part.endswith(".") for part in parts):
        return "a path whose part begins or ends with a space, or ends with a dot"
    if not _is_utf8(path):
        return "half a character in a path"
    return ""


def named_files(value: object) -> Iterator[tuple[Path, str]]:
    """Each file that a parsed `workflow.yaml` names, with where; in the order of the file."""
    for section, field in (
        ("agents", "instructions"),
        ("context", "summary_prompt"),
        ("tools", "schema"),
    ):
        for name, part in as_map(as_map(value).get(section)).items():
            path = as_map(part).get(field)
            if isinstance(path, str):
                yield (section, name, field), path


class Files:
    """Reads the named files of one folder; what is wrong with them goes to their own reports."""

    def __init__(self, files: Mapping[str, bytes], manifest: Report) -> None:
        self._files = files
        self._manifest = manifest
        self.reports: list[Report] = []
        self.named: dict[str, bytes] = {}
        """Those that were named and are there."""
        self._texts: dict[str, str | None] = {}
        self._folded: dict[str, str] = {}
        self._bytes = 0

    def text(self, at: Path, path: str) -> str | None:
        """The text of a named file, or None: the reason is told, once for each file."""
        why = path_problem(path)
        if why:
            self._manifest.error(at, f"{quoted(path)}: {why}", "as in prompts/triage.md")
            return None
        content = self._files.get(path)
        if content is None:
            near = did_you_mean(path, [name for name in self._files if name != MANIFEST])
            self._manifest.error(at, f"there is no file {quoted(path)}", near)
            return None
        if path not in self._texts:
            self._texts[path] = self._take(at, path, content)
        return self._texts[path]

    def _take(self, at: Path, path: str, content: bytes) -> str | None:
        other = self._folded.setdefault(path.casefold(), path)
        if other != path:
            self._manifest.error(
                at, f"{quoted(path)} and {quoted(other)} are one file on many disks", "rename one"
            )
        self._bytes += len(content)
        if len(self.named) >= MAX_FILES or self._bytes > MAX_FOLDER:
            self._manifest.error(
                at, f"more than {MAX_FILES} files or {MAX_FOLDER:,} bytes are named"
            )
            return None
        self.named[path] = content
        report = Report(path)
        self.reports.append(report)
        return decoded(content, report)


def decoded(content: bytes, report: Report) -> str | None:
    """A file as text: UTF-8, without a byte order mark, not too long, without NUL."""
    if len(content) > MAX_FILE:
        report.error((), f"{len(content):,} bytes, at most {MAX_FILE:,}")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        last = before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")
        report.error_at(
            Mark(line, len(last) + 1),
            f"byte 0x{content[error.start]:02x} is no UTF-8",
            "save the file as UTF-8",
        )
        return None
    nul = text.find("\0")
    if nul >= 0:
        at = Mark(text.count("\n", 0, nul) + 1, nul - text.rfind("\n", 0, nul))
        report.error_at(at, "a NUL character, which databases refuse")
        return None
    return text


def read_tool(text: str, name: str, report: Report) -> dict[str, Any] | None:
    """What a tool's file says, `{"name", "description", "parameters"}`, or None."""
    before = len(report.problems)
    value = _json(text, report)
    if len(report.problems) > before:
        return None
    # JSON is YAML but for rare cases: it gives the lines.  Without them, problems are in line 1.
    report.tree = read_yaml(text, Report(report.file)) or EMPTY
    if not isinstance(value, dict):
        report.error((), "expected a map with name, description and parameters")
        return None
    _check_fields(value, name, report)
    if "parameters" in value:
        _check_parameters(value["parameters"], report)
    if len(report.problems) > before:
        return None
    return {
        "name": name,
        "description": value.get("description", ""),
        "parameters": value.get("parameters", {"type": "object", "properties": {}}),
    }


def _json(text: str, report: Report) -> Any:
    def no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                report.error_at(_mark_of(text, key), f"{quoted(key)} is given twice")
            found[key] = value
        return found

    def no_constant(name: str) -> None:
        report.error_at(_mark_of(text, name), f"{name} is no JSON")

    try:
        value = json.loads(text, object_pairs_hook=no_twice, parse_constant=no_constant)
        # Half a surrogate pair can be written in JSON and can't be stored as text; 1e999 is inf.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except json.JSONDecodeError as error:
        report.error_at(Mark(error.lineno, error.colno), f"no JSON: {error.msg}")
    except UnicodeEncodeError:
        report.error((), "half of a surrogate pair in a text (\\ud800 … \\udfff)")
    except ValueError as error:
        report.error((), f"a number that is too large: {quoted(str(error))}")
    except RecursionError:
        report.error((), "nested too deep")
    else:
        if _deeper_than(value, MAX_TOOL_DEPTH):
            report.error((), f"nested more than {MAX_TOOL_DEPTH} deep")
        elif _has_unfit(value):
            report.error((), "a NUL character, or a number that 64 bits do not hold")
        return value
    return None


def _mark_of(text: str, part: str) -> Mark:
    """Where a text stands last: of a key that is given twice, the second."""
    at = max(text.rfind(f'"{part}"'), 0) or max(text.rfind(part), 0)
    return Mark(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth + 1):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        if not inner:
            return False
        level = inner
    return True


def _has_unfit(value: Any) -> bool:
    match value:
        case str():
            return "\0" in value
        case int():
            return not -(2**63) <= value < 2**63
        case dict():
            return any(_has_unfit(key) or _has_unfit(item) for key, item in value.items())
        case list():
            return any(_has_unfit(item) for item in value)
        case _:
            return False


def _check_fields(value: dict[str, Any], name: str, report: Report) -> None:
    for field in value:
        if field not in _TOOL_FIELDS:
            report.error_of_key((field,), f"unknown field {quoted(field)}", _tool_hint(field))
    if "name" not in value:
        report.error((), "name is missing", f'"name": "{name}"')
    elif value["name"] != name:
        said = f"the name is {quoted(value['name'])}, and {MANIFEST} calls the tool {name!r}"
        report.error(("name",), said, "use one of them in both")
    if not isinstance(value.get("description", ""), str):
        report.error(("description",), "expected a text")


def _tool_hint(field: str) -> str:
    if field in {"input_schema", "inputSchema", "schema", "args_schema"}:
        return "call it parameters"
    if field in {"function", "type"}:
        return "name, description and parameters stand at the top, without type and function"
    return did_you_mean(field, _TOOL_FIELDS)


def _check_parameters(parameters: Any, report: Report) -> None:
    """JSON Schema of the arguments: a schema of an object, which refers to nothing outside."""
    at: Path = ("parameters",)
    if not isinstance(parameters, dict):
        report.error(at, "expected a JSON Schema, a map")
        return
    if parameters.get("type", "object") != "object":
        report.error((*at, "type"), "arguments are an object", '"type": "object"')
    for path, reference in _references(parameters, at):
        if not reference.startswith("#"):
            said = f"$ref {quoted(reference)} is outside of the file, and nothing is fetched"
            report.error(path, said, "put it under $defs")
    _check_json_schema(parameters, at, report)


def _check_json_schema(parameters: dict[str, Any], at: Path, report: Report) -> None:
    from jsonschema import Draft202012Validator, FormatChecker

    checker = Draft202012Validator(
        Draft202012Validator.META_SCHEMA, format_checker=FormatChecker(["regex"])
    )
    try:
        errors = list(checker.iter_errors(parameters))
    except (RecursionError, ValueError) as error:
        report.error(at, f"no JSON Schema: {quoted(str(error))}")
        return
    for violation in errors:
        said = violation.message
        said = said if len(said) < 200 else f"{said[:200]}…"
        report.error((*at, *violation.absolute_path), f"no JSON Schema: {said}")


def _references(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in {"$ref", "$dynamicRef"} and isinstance(item, str):
                yield (*path, key), item
            elif key not in {"const", "enum", "default", "examples"}:
                yield from _references(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _references(item, (*path, index))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
