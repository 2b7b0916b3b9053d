"""
A workflow's folder, read: its manifest, prompts and tools, or every problem with its place.

Never raises for what a folder says, however hostile: it reports (house rule).  Checks are made in
one go and told together: the YAML, its shape, what names which, the named files.
"""

from typing import Any

import msgspec

from quarterdeck.workflows.folder_files import MANIFEST, Files, decoded, named_files, read_tool
from quarterdeck.workflows.folder_problems import Problem, Report, Tree, quoted
from quarterdeck.workflows.folder_references import check_references
from quarterdeck.workflows.folder_schema import as_map, check_schema
from quarterdeck.workflows.folder_secrets import check_servers
from quarterdeck.workflows.folder_yaml import read_yaml
from quarterdeck.workflows.manifest import Folder, Manifest


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder says."""

    manifest: Manifest | None
    """None where there is any error."""
    folder: Folder
    """`workflow.yaml` and the files that it names and that are there: what a version is made of."""
    prompts: dict[str, str]
    """Text by agent name: its instructions; `context:NAME` is a policy's summary prompt.  Prompts
    of the registry are not here."""
    tools: dict[str, dict[str, Any]]
    """`{"name", "description", "parameters"}` by name, of the tools that have a file."""
    problems: tuple[Problem, ...]
    """Errors and warnings; those of `workflow.yaml` first, each file's by line."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")


def read(folder: Folder) -> Reading:
    """
    Read and check a folder.

    Raises `Misconfigured` where the libraries of the extra `workflow` are missing, nothing else.
    """
    report = Report(MANIFEST)
    files = Files(folder.files, report)
    prompts: dict[str, str] = {}
    tools: dict[str, dict[str, Any]] = {}
    tree = _parse(folder, report)
    value = None if tree is None else tree.value
    if tree is not None:
        check_schema(report)
        check_references(value, report)
        check_servers(value, report)
        _read_files(value, files, prompts=prompts, tools=tools)
        _tell_unnamed(folder, files, report)
    problems = _in_order(report, files)
    manifest = None
    if tree is not None and not any(problem.severity == "error" for problem in problems):
        manifest = _convert(value, report)
        problems = _in_order(report, files)
    content = folder.files.get(MANIFEST)
    named = files.named if content is None else {MANIFEST: content, **files.named}
    return Reading(
        manifest=manifest,
        folder=Folder(files=named),
        prompts=prompts,
        tools=tools,
        problems=problems,
    )


def named_paths(manifest: bytes) -> tuple[str, ...]:
    """The files that a `workflow.yaml` names, each once; none where it can't be read."""
    report = Report(MANIFEST)
    text = decoded(manifest, report)
    tree = None if text is None else read_yaml(text, report)
    found = () if tree is None else named_files(tree.value)
    return tuple(dict.fromkeys(path for _, path in found))


def _parse(folder: Folder, report: Report) -> Tree | None:
    content = folder.files.get(MANIFEST)
    if content is None:
        report.error((), f"there is no {MANIFEST}", "quarterdeck workflow init writes one")
        return None
    text = decoded(content, report)
    tree = None if text is None else read_yaml(text, report)
    if tree is not None:
        report.tree = tree
    return tree


def _read_files(
    value: Any, files: Files, *, prompts: dict[str, str], tools: dict[str, dict[str, Any]]
) -> None:
    for at, path in named_files(value):
        section, name, _ = at
        text = files.text(at, path)
        if text is None:
            continue
        match section:
            case "agents":
                prompts[str(name)] = text
            case "context":
                prompts[f"context:{name}"] = text
            case _:
                report = Report(path)
                tool = read_tool(text, str(name), report)
                files.reports.append(report)
                if tool is not None:
                    tools[str(name)] = tool


def _tell_unnamed(folder: Folder, files: Files, report: Report) -> None:
    for path in sorted(folder.files.keys() - files.named.keys() - {MANIFEST}):
        report.warn((), f"nothing names {quoted(path)}: it will be no part of the version")


def _convert(value: Any, report: Report) -> Manifest | None:
    try:
        return msgspec.convert(as_map(value), Manifest)
    except (msgspec.ValidationError, RecursionError) as error:
        # The schema is made of these types, so it has told of nearly everything before.
        report.error((), f"no manifest: {quoted(str(error))}")
        return None


def _in_order(report: Report, files: Files) -> tuple[Problem, ...]:
    found: list[Problem] = []
    for each in (report, *files.reports):
        found += sorted(each.problems, key=lambda problem: (problem.line, problem.column))
    return tuple(dict.fromkeys(found))
