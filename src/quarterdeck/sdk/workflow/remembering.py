"""
A version's namespaces of memory: whose they are, how long entries stay, and who may write.

The manifest says it, so that a release changes it.  It holds for agents that ask the version for
their memory; `qd.memory` and the API ask no manifest.
"""

from __future__ import annotations

from msgspec import UNSET

from quarterdeck.errors import Forbidden, Invalid
from quarterdeck.sdk.rim import notice
from quarterdeck.sdk.verbs.memory import Embed, Memory
from quarterdeck.sdk.verbs.session import Current
from quarterdeck.sdk.workflow.rules import missing
from quarterdeck.workflows.manifest import Manifest, MemoryNamespace

_DAY_S = 86_400.0


class ReadOnlyMemory(Memory):
    """Memory that this agent may read and not write: `put` and `delete` do nothing and say so."""

    def put(self, key: str, value: object, *, ttl_s: float | None = None) -> bool:  # noqa: ARG002
        """Always False."""
        notice("memory", f"the version lets this agent read {self.namespace!r} and not write it")
        return False

    def delete(self, *keys: str) -> bool:
        """Always False."""
        return self.put(", ".join(map(str, keys)), None)


def memory_of(
    manifest: Manifest,
    name: str,
    *,
    agent: str,
    environment: str,
    session: Current | None,
    embed: Embed | None,
) -> Memory:
    """
    Raises `NotFound` for an unknown namespace or agent, `Forbidden` for an agent that neither reads
    nor writes it, `Invalid` where nobody says whose it is: a user's without a user.
    """
    found = manifest.memory.get(name)
    if found is None:
        raise missing("namespace of memory", name, manifest.memory)
    if agent and agent not in manifest.agents:
        raise missing("agent", agent, manifest.agents)
    reads = not agent or name in manifest.agents[agent].memory
    writes = reads if found.writers is UNSET else agent in found.writers
    if not reads and not writes:
        raise Forbidden(
            f"the version does not give {agent!r} the memory {name!r}",
            hint="Name it in the agent's `memory`.",
        )
    kind = Memory if writes else ReadOnlyMemory
    return kind(
        name,
        scope=_scope_of(name, found, session),
        environment=environment,
        embed=embed,
        ttl_s=None if found.ttl_days is UNSET else found.ttl_days * _DAY_S,
    )


def _scope_of(name: str, namespace: MemoryNamespace, session: Current | None) -> str:
    whose = {
        "project": " ",
        "session": "" if session is None else session.id,
        "user": "" if session is None else session.user,
        "task": "" if session is None else session.task_type,
    }[namespace.scope]
    if not whose:
        raise Invalid(
            f"the memory {name!r} is of one {namespace.scope}, and none is known here",
            hint="Ask for it inside a session that names one: qd.session(user=…, task_type=…).",
        )
    return "" if namespace.scope == "project" else f"{namespace.scope}:{whose}"
