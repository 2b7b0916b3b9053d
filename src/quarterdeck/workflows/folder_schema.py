"""
`workflow.yaml` against the JSON Schema of the manifest: each violation in words, with its place.

The schema says what has which shape; what names which is in `folder_references.py`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from quarterdeck.errors import Misconfigured
from quarterdeck.workflows.folder_problems import Path, Report, did_you_mean, quoted
from quarterdeck.workflows.folder_yaml import is_yaml_1_1_bool
from quarterdeck.workflows.manifest import json_schema

_KINDS = {
    "object": "a map",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def check_schema(report: Report) -> None:
    """Tell of everything in the file that is not of the manifest's shape."""
    for error in _validator().iter_errors(report.tree.value):
        for leaf in _leaves(error):
            _tell(leaf, report)


@cache
def _validator() -> Any:
    try:
        from jsonschema import Draft202012Validator, validators
    except ImportError as error:
        raise Misconfigured(
            'a manifest needs a library to be checked: pip install "quarterdeck[workflow]"'
        ) from error
    # 1e3 is an integer for JSON Schema and none for the types: told here, with its line.
    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    extend: Any = validators.extend
    strict = extend(Draft202012Validator, {"pattern": _pattern}, type_checker=types)
    return strict(json_schema())


def _pattern(_: Any, pattern: str, value: object, _schema: Any) -> Iterator[Any]:
    """As in JavaScript, where `$` is the end: Python's would let a line break follow a name."""
    from jsonschema import ValidationError

    if isinstance(value, str) and not re.fullmatch(pattern, value, re.ASCII):
        yield ValidationError("does not match")


def _leaves(error: Any) -> Iterator[Any]:
    """Of a choice, what is wrong with the branch that was meant: the one of the value's kind."""
    if error.validator != "anyOf":
        yield error
        return
    branches: dict[int, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    for found in branches.values():
        if not any(inner.validator == "type" and not inner.path for inner in found):
            for inner in found:
                yield from _leaves(inner)
            return
    yield error


def _tell(error: Any, report: Report) -> None:
    path: Path = tuple(error.absolute_path)
    if "propertyNames" in error.absolute_schema_path:
        report.error_of_key(
            (*path, error.instance), f"{quoted(error.instance)} is no name", _NAME_HINT
        )
        return
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            for name in error.instance:
                if name not in known:
                    report.error_of_key(
                        (*path, name), f"unknown field {quoted(name)}", did_you_mean(name, known)
                    )
        case "required":
            missing = re.match(r"'(.*?)' is", error.message)
            report.error_of_key(path, f"{missing[1] if missing else 'a field'} is missing")
        case "type" | "anyOf":
            _tell_kind(error, path, report)
        case "enum":
            _tell_choice(error.instance, error.validator_value, path, report)
        case "pattern":
            said, hint = _PATTERNS.get(error.validator_value, ("has the wrong form", ""))
            report.error(path, f"{quoted(error.instance)} {said}", hint)
        case _:
            report.error(path, _limit(error))


_NAME_HINT = "a letter, then letters, digits and _.-, at most 100"
_PATTERNS = {
    r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$": ("is no name", _NAME_HINT),
    r"^\d{1,9}(\.\d{1,9})?$": ("is no sum of USD", 'as text, without a sign: "2.50"'),
    r"^sha256:[0-9a-f]{64}$": ("is no digest", "sha256: and 64 digits, as the registry shows it"),
    r"^[a-z0-9]+:[0-9A-Za-z+/=_-]{16,128}$": ("is no digest", "its algorithm, a colon, the hash"),
}


def _tell_kind(error: Any, path: Path, report: Report) -> None:
    value = error.instance
    wanted = error.validator_value
    if error.validator == "anyOf":
        expected, wanted = "a file's path or {registry: NAME, version: N}", ""
    else:
        expected = _KINDS.get(wanted, str(wanted))
    hint = ""
    if value is None:
        hint = "leave the line out, or give a value"
    elif wanted == "string" and isinstance(value, int | float):
        hint = f'put it in quotes: "{value}"'
    elif wanted == "boolean" and is_yaml_1_1_bool(value):
        hint = "write true or false"
    elif wanted == "array" and isinstance(value, str):
        hint = f"in brackets: [{value}]" if len(value) < 40 else "in brackets, or lines with -"
    elif wanted == "integer" and isinstance(value, float):
        hint = f"write {int(value)}" if value.is_integer() else ""
    report.error(path, f"expected {expected}, found {_found(value)}", hint)


def _tell_choice(value: Any, choices: Sequence[Any], path: Path, report: Report) -> None:
    known = [str(choice) for choice in choices]
    near = did_you_mean(value, known) if isinstance(value, str) else ""
    said = f"{_found(value)} is none of {', '.join(known)}"
    report.error(path, said, near if near.startswith("did") else "")


def _found(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a map"
        case list():
            return "a list"
        case _:
            return quoted(value)


def _limit(error: Any) -> str:
    limit = error.validator_value
    value: Any = error.instance
    match error.validator:
        case "minimum":
            return f"{value} is less than {limit}"
        case "maximum":
            return f"{value} is more than {limit:,}"
        case "exclusiveMinimum":
            return f"{value} is not more than {limit}"
        case "maxLength":
            return f"{len(value):,} characters, at most {limit:,}"
        case "minLength" | "minItems" | "minProperties":
            return "is empty: at least one is needed"
        case _:
            return f"{_found(value)} is against {error.validator!r} of the schema"


def as_map(value: object) -> Mapping[str, Any]:
    """A map, or an empty one where something else stands, which the schema has told of."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
