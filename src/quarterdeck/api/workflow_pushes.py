"""
What a push has to pass before anything of it is kept, and what it leaves in the prompt registry.

Everything that is wrong is told together, by file and line: the folder's own problems
(`workflows/folder.py`), what looks like a secret, prompts that the registry does not have, weights
whose address will come to mean others.  A version is for ever, so a secret is refused and not
replaced: a replaced one would be another version than the folder of who pushed it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from msgspec import UNSET

from quarterdeck.api.access import Principal
from quarterdeck.api.parts import Parts
from quarterdeck.errors import Invalid, NotFound
from quarterdeck.normalize.folder_secrets import secrets_in
from quarterdeck.normalize.redact import Redactor
from quarterdeck.storage.records import prompts
from quarterdeck.storage.records.prompts import PromptContent, PromptVersion
from quarterdeck.storage.records.workflow_rows import VersionRow
from quarterdeck.workflows.folder import Reading, read
from quarterdeck.workflows.folder_files import MANIFEST
from quarterdeck.workflows.folder_problems import Problem, Report
from quarterdeck.workflows.folder_yaml import read_yaml
from quarterdeck.workflows.manifest import Folder, Learned, Manifest, Pin, RegisteredPrompt
from quarterdeck.workflows.pins import pin_of, references_of

TAKEN_NAMES = frozenset({"drafts"})
"""Of workflows: each is an address of something else."""

_MOVING = re.compile(r"models:/[^/]+(@.+|/[^0-9/][^/]*)$")
"""An alias or a stage of MLflow's registry: it means another version after the next training."""
_SHOWN_PROBLEMS = 12


class Told(NamedTuple):
    """What who pushes found out about an entry of `learned`."""

    uri: str
    digest: str


class Checked(NamedTuple):
    """A folder that may become a version, and what its references mean."""

    folder: Folder
    manifest: Manifest
    prompts: dict[str, str]
    pins: tuple[Pin, ...]


def check_push(
    parts: Parts, who: Principal, *, name: str, folder: Folder, learned: Mapping[str, Told]
) -> Checked:
    """Raises `Invalid` that tells every problem.  Blocks."""
    reading = read(folder)
    secrets = list(secrets_in(reading.folder, parts.redactor_of(who.project_id)))
    if reading.manifest is None:
        raise refusal([*reading.errors, *secrets])
    report = _report_of(reading)
    if reading.manifest.name != name:
        report.error(("name",), f"the manifest is of {reading.manifest.name!r}, not {name!r}")
    if name in TAKEN_NAMES:
        report.error(("name",), f"{name!r} is an address of the API", "Name it otherwise.")
    pins = (
        *_prompt_pins(parts, who, reading.manifest, report),
        *_learned_pins(reading.manifest, learned, report, parts.redactor_of(who.project_id)),
    )
    if report.problems or secrets:
        raise refusal([*report.problems, *secrets])
    return Checked(reading.folder, reading.manifest, reading.prompts, tuple(dict.fromkeys(pins)))


def refusal(problems: Iterable[Problem]) -> Invalid:
    """The first is the message, a dozen more are the hint, a line each."""
    lines = [
        f"{one.file}:{one.line}:{one.column}: {one.message}"
        + (f" ({one.hint})" if one.hint else "")
        for one in problems
    ]
    more = lines[1:_SHOWN_PROBLEMS]
    if len(lines) > _SHOWN_PROBLEMS:
        more.append(f"and {len(lines) - _SHOWN_PROBLEMS} more")
    return Invalid(lines[0], hint="\n".join(more))


def _report_of(reading: Reading) -> Report:
    """Where in the manifest something stands."""
    report = Report(MANIFEST)
    tree = read_yaml(reading.folder.files[MANIFEST].decode("utf-8", "replace"), Report(MANIFEST))
    if tree is not None:
        report.tree = tree
    return report


# -------------------------------------------------------------------------------- secrets


# ------------------------------------------------------------------------------- prompts


def _prompt_pins(parts: Parts, who: Principal, manifest: Manifest, report: Report) -> Iterator[Pin]:
    for reference in references_of(manifest):
        try:
            found = _registered(parts, who, reference.prompt)
            text = instructions_of(found)
        except (NotFound, Invalid) as error:
            report.error(reference.path, error.message, error.hint)
            continue
        yield pin_of(reference.prompt, digest=found.digest, text=text)


def _registered(parts: Parts, who: Principal, reference: RegisteredPrompt) -> PromptVersion:
    version = None if reference.version is UNSET else reference.version
    digest = "" if reference.digest is UNSET else reference.digest
    if version is None and not digest:
        raise Invalid(f"prompt {reference.registry!r} needs a version or a digest")
    return prompts.find_version(
        parts.records,
        project_id=who.project_id,
        name=reference.registry,
        version=version,
        digest=digest,
    )


def instructions_of(version: PromptVersion) -> str:
    """
    A registered prompt as instructions: its text, or its system messages.

    Raises `Invalid` for a conversation that says more: which of it is an instruction nobody told.
    """
    content = version.content
    if content.kind == "text":
        return content.text
    said = [message.get("content") for message in content.messages]
    roles = {message.get("role") for message in content.messages}
    if not roles <= {"system", "developer"} or not all(isinstance(text, str) for text in said):
        raise Invalid(
            f"prompt {version.name!r} is a conversation, and instructions are one text",
            hint="Name a prompt of one text, or of system messages only.",
        )
    return "\n\n".join(str(text) for text in said)


def keep_prompts(
    parts: Parts, who: Principal, *, checked: Checked, row: VersionRow
) -> list[PromptVersion]:
    """
    The version's own prompts, in the prompt registry too: `fraud-triage/triage` for
    `prompts/triage.md`.  What is there already with equal content stays the version that it is.
    """
    texts = dict(_prompt_files(checked))
    return [
        prompts.commit_prompt(
            parts.records,
            project_id=who.project_id,
            name=f"{row.workflow}/{registry_name(path)}",
            content=PromptContent(kind="text", text=text, templating="none"),
            message=f"version {row.version} of workflow {row.workflow}",
            # The version that brought it; later ones with the same text name it no more.
            version_metadata={
                "workflow": row.workflow,
                "workflow_version": row.version,
                "workflow_digest": row.digest,
                "path": path,
            },
            created_by=who.actor,
            now_ns=parts.now_ns(),
            reuse_equal=True,
        )
        for path, text in texts.items()
    ]


def registry_name(path: str) -> str:
    return path.removeprefix("prompts/").removesuffix(".md")


def _prompt_files(checked: Checked) -> Iterator[tuple[str, str]]:
    for name, agent in checked.manifest.agents.items():
        if isinstance(agent.instructions, str):
            yield agent.instructions, checked.prompts[name]
    for name, policy in checked.manifest.context.items():
        if isinstance(policy.summary_prompt, str):
            yield policy.summary_prompt, checked.prompts[f"context:{name}"]


# ------------------------------------------------------------------------------- weights


def _learned_pins(
    manifest: Manifest, learned: Mapping[str, Told], report: Report, redactor: Redactor
) -> Iterator[Pin]:
    for name in sorted(learned.keys() - manifest.learned.keys()):
        report.error(("learned",), f"there is no {name!r} in the manifest, of which was told")
    for name, entry in manifest.learned.items():
        told = learned.get(name, Told("", ""))
        # What stands in the folder itself was looked at with its files.
        if any(redactor.explain(text)[1] for text in told):
            report.error(("learned", name), "what was told of it looks like a secret")
            continue
        yield _learned_pin(name, entry, told, report)


def _learned_pin(name: str, entry: Learned, told: Told, report: Report) -> Pin:
    uri, written = told.uri or entry.uri, "" if entry.digest is UNSET else entry.digest
    if written and told.digest and written != told.digest:
        report.error(
            ("learned", name, "digest"),
            f"the registry tells {told.digest} of {uri}, not {written}",
        )
    if _MOVING.match(uri) and not (written or told.digest):
        report.error(
            ("learned", name, "uri"),
            f"{uri} moves, and what it means now nobody told",
            "name a version, or push with MLFLOW_TRACKING_URI set",
        )
    return Pin(kind="learned", name=name, uri=uri, digest=written or told.digest)


def git_of(told: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
    """What was told of the repository, without secrets: an address may carry a password."""
    return {
        key: redactor.redact_text(value) if isinstance(value, str) else value
        for key, value in told.items()
        if value not in (None, "")
    }
