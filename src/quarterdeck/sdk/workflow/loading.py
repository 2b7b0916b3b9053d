"""`load_workflow`: which version this session runs, and what that says."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from opentelemetry.context import get_current

from quarterdeck.errors import Invalid, Misconfigured
from quarterdeck.sdk import runtime
from quarterdeck.sdk.options import Options, read_options
from quarterdeck.sdk.runtime import SESSION_KEY
from quarterdeck.sdk.sending.spool import destination
from quarterdeck.sdk.verbs.session import Current
from quarterdeck.sdk.workflow.cache import Cache
from quarterdeck.sdk.workflow.counting import Counter
from quarterdeck.sdk.workflow.fetching import Server
from quarterdeck.sdk.workflow.from_folder import version_in
from quarterdeck.sdk.workflow.parts import Resolved
from quarterdeck.sdk.workflow.resolving import Asking, Resolver
from quarterdeck.sdk.workflow.workflow import Workflow
from quarterdeck.workflows.decide import conditions_in
from quarterdeck.workflows.manifest import Manifest

DEFAULT_ENVIRONMENT = "production"
CACHE = "workflows"
"""The folder beside what waits to be sent."""


def load_workflow(
    name: str | None = None,
    *,
    environment: str | None = None,
    path: str | os.PathLike[str] | None = None,
    timeout_s: float = 10.0,
) -> Workflow:
    """
    The version of a workflow that runs now: prompts, tools, permissions, models and budgets.

    Inside `qd.session` it is chosen for that session, once, and every span of the session carries
    it from then on.  Outside a session it is what the environment runs as stable.  `environment`
    is, where left out, the session's, then `qd.init`'s, then `production`.  `path` reads a folder
    instead of asking a server.

    While the server is away the version comes from the cache on disk.  Raises `QuarterdeckError`s:
    an agent can't run without its configuration.
    """
    running = runtime.running
    options = read_options() if running is None else running.options
    found: Any = get_current().get(SESSION_KEY)
    current = found if running is not None and isinstance(found, Current) else None
    if current is not None and name is not None and name in current.workflows:
        flow: Workflow = current.workflows[name]
        return flow
    environment = _environment(environment, current, options)
    if path is not None:
        flow = _from_folder(name, Path(path), environment, options)
    elif name:
        flow = _from_server(name, environment, current, options, timeout_s=float(timeout_s))
    else:
        raise Invalid("load_workflow needs a name, or a path")
    _check_conditions(flow.manifest)
    return flow if current is None else _begin(current, flow)


def _environment(told: str | None, current: Current | None, options: Options) -> str:
    of_session = "" if current is None else current.environment
    return told or of_session or options.environment or DEFAULT_ENVIRONMENT


def _from_folder(name: str | None, path: Path, environment: str, options: Options) -> Workflow:
    content = version_in(path)
    if name is not None and name != content.workflow:
        raise Invalid(
            f"the folder {str(path)!r} has the workflow {content.workflow!r}, not {name!r}"
        )
    release = Resolved(
        workflow=content.workflow,
        environment=environment,
        version=0,
        digest=content.digest,
        source="folder",
    )
    return Workflow(release=release, content=content, server=_resolver(options).server)


def _from_server(
    name: str, environment: str, current: Current | None, options: Options, *, timeout_s: float
) -> Workflow:
    resolver = _resolver(options)
    session = Asking(workflow=name, environment=environment)
    if current is not None:
        session = replace(
            session, session_id=current.id, user=current.user, task_type=current.task_type
        )
    found = resolver.resolve(session, timeout_s=timeout_s)
    return Workflow(release=found.release, content=found.content, server=resolver.server)


_resolvers: dict[tuple[str, str, Path | None], Resolver] = {}
"""By server, key and folder: connections and what is known of the server are of the process, like
the verbs."""


def _resolver(options: Options) -> Resolver:
    key = (options.url, options.api_key, options.spool_dir)
    found = _resolvers.get(key)
    if found is None:
        folder = None
        if options.spool_dir is not None:
            folder = options.spool_dir / CACHE / destination(options.url, options.api_key)
        made = Resolver(
            server=Server(url=options.url, api_key=options.api_key), cache=Cache(folder)
        )
        found = _resolvers.setdefault(key, made)
    return found


def _check_conditions(manifest: Manifest) -> None:
    """Without a library for conditions nothing may run: they would all be open, or all closed."""
    if not conditions_in(manifest):
        return
    try:
        import cel  # noqa: F401
    except ImportError as error:
        raise Misconfigured(
            f"the workflow {manifest.name!r} has conditions, which need a library for CEL",
            hint='pip install "quarterdeck[workflow]"',
        ) from error


def _begin(current: Current, flow: Workflow) -> Workflow:
    """The session runs this version; of two threads that load it at once the first stands."""
    first: Workflow = current.workflows.setdefault(flow.name, flow)
    if first is not flow:
        return first
    running = runtime.running
    if running is not None:
        if current.counter is None:
            counters = running.outbox.counters
            current.counter = counters.setdefault(current.id, Counter())
            running.outbox.is_counting = True
        if next(iter(current.workflows)) == flow.name:
            _stamp(current, flow.release)
    return flow


def _stamp(current: Current, release: Resolved) -> None:
    """On the session's root and on all spans of the session that begin from now on."""
    told: dict[str, Any] = {
        "quarterdeck.workflow.name": release.workflow,
        "quarterdeck.workflow.digest": release.digest,
        "quarterdeck.environment": release.environment,
    }
    if release.version:
        told["quarterdeck.workflow.version"] = str(release.version)
    if release.source != "server":
        told["quarterdeck.workflow.source"] = release.source
    current.stamp.update(told)
    root = current.open_root()
    if root is not None:
        if release.source == "cache":
            told["quarterdeck.workflow.stale_s"] = release.stale_s
        root.set_attributes(told)
