"""
The JSON Schema of `workflow.yaml`, for editors and for validation: the manifest's types, with
what their docstrings say as descriptions.
"""

import ast
import copy
import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any

from quarterdeck.workflows import manifest

SCHEMA_URL = "https://json-schema.org/draft/2020-12/schema"
TITLE = "Quarterdeck workflow"


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `workflow.yaml`: a copy that the caller may change."""
    return copy.deepcopy(_schema())


@cache
def _schema() -> dict[str, Any]:
    schema = manifest.json_schema()
    told = dict(_field_docstrings())
    for type_name, definition in schema["$defs"].items():
        for field, of_field in definition.get("properties", {}).items():
            said = told.get((type_name, field))
            if said:
                # Beside a `$ref` a description is allowed since 2019-09.
                of_field["description"] = said
    return {"$schema": SCHEMA_URL, "title": TITLE, **schema}


def _field_docstrings() -> Iterator[tuple[tuple[str, str], str]]:
    """((type, field), text) of each field that a docstring follows, with its lines joined."""
    try:
        source = inspect.getsource(manifest)
    except OSError:
        # Compiled without its source: the schema is the same one, without words.
        return
    for of_type in ast.walk(ast.parse(source)):
        if not isinstance(of_type, ast.ClassDef):
            continue
        for field, after in zip(of_type.body, of_type.body[1:], strict=False):
            match field, after:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str() as text)),
                ):
                    yield (of_type.name, name), " ".join(text.split())
                case _:
                    pass
