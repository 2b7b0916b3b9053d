"""
Secrets in a workflow's folder, by file, line and column: what `push` refuses and `validate` tells.

`${env:NAME}` names a secret and is none, also after the name of a scheme (`Bearer ${env:TOKEN}`).
"""

import re
from collections.abc import Iterator

from quarterdeck.normalize.redact import Redactor
from quarterdeck.workflows.folder_problems import Problem
from quarterdeck.workflows.manifest import Folder

_REFERENCE = re.compile(r"\$\{env:[A-Za-z_][A-Za-z0-9_]*\}")
_SCHEMES = frozenset({"", "bearer", "basic", "token"})


def secrets_in(folder: Folder, redactor: Redactor) -> Iterator[Problem]:
    for path, content in sorted(folder.files.items()):
        text = content.decode("utf-8", "replace")
        _, places = redactor.explain(text)
        for place in places:
            if _only_names(text[place.start : place.end]):
                continue
            before = text[: place.start]
            yield Problem(
                file=path,
                line=before.count("\n") + 1,
                column=place.start - (before.rfind("\n") + 1) + 1,
                path="",
                message=f"looks like a secret ({place.kind}): a version is kept for ever, "
                "so one that holds it is not stored",
                hint="write ${env:NAME}, or [redacted] in an example",
            )


def _only_names(text: str) -> bool:
    return _REFERENCE.sub("", text).strip().lower() in _SCHEMES
