"""
Makes the libraries of the agent tell what they do: finds what is installed, switches one on each.

`instrument()` imports no library.  It waits until the agent imports one, and then switches on
the best instrumentor that is installed for it (`instrumentors/targets.py` has the order and the
reasons).  What the application switched on itself, before that moment, stays as it is, and
nothing is added for that library.  If the application adds a second instrumentor later, both
tell of each call; the server counts it once, and `instrumented()` says that there are two.

Nothing here raises into the agent, and nothing is downloaded.
"""

import logging
import sys
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from quarterdeck.sdk.instrumentors.imports import ImportWatch
from quarterdeck.sdk.instrumentors.installed import (
    content_options,
    distribution_of,
    entry_point_called,
    instrumentor_of,
    is_installed,
    is_on,
    version_of,
    way_of,
)
from quarterdeck.sdk.instrumentors.targets import TARGETS, OwnWay, Target, Way

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

_LOG = logging.getLogger(__name__)

Selection = bool | Sequence[str]
"""True: all that is known.  False: none.  Names: these libraries, or these entry points."""

State = Literal["on", "waiting", "left_alone", "missing", "failed"]


class Instrumented(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one library that is installed."""

    library: str
    state: State
    """
    on: it reports.  waiting: it will, once the agent imports it.  left_alone: not ours to
    switch, see `why`.  missing: nothing that instruments it is installed.  failed: see `why`.
    """
    by: str = ""
    """own, openinference, opentelemetry or openllmetry."""
    package: str = ""
    """The instrumentor's distribution and its version; empty for a library's own spans."""
    switched_by: Literal["quarterdeck", "application", "library", ""] = ""
    why: str = ""
    """A sentence for the user."""
    also: tuple[str, ...] = ()
    """Other instrumentors that are on: each call is sent once more by each, and counted once."""


class _Switched(NamedTuple):
    way: Way | OwnWay
    instrumentor: Any


class Instrumentation:
    """The instrumentors of one process: their patches are the process's, so there is one."""

    def __init__(
        self, targets: Sequence[Target] = TARGETS, watch: ImportWatch | None = None
    ) -> None:
        self._targets = targets
        self._watch = watch or ImportWatch()
        self._lock = threading.Lock()
        """Protects `_claimed`; not held while something is imported, which takes other locks."""
        self._claimed: set[str] = set()
        self._ours: dict[str, _Switched] = {}
        self._failures: dict[str, str] = {}
        self._selected: set[str] | None = None
        """None: nobody asked yet."""
        self._provider: TracerProvider | None = None
        self._capture_content = True

    def begin(
        self, selection: Selection, *, provider: "TracerProvider", capture_content: bool
    ) -> None:
        self._provider, self._capture_content = provider, capture_content
        chosen, others = self._chosen(selection)
        self._selected = (self._selected or set()) | {target.library for target in chosen}
        for target in chosen:
            with self._lock:
                if target.library in self._claimed:
                    continue
                self._claimed.add(target.library)
            self._watch.when_imported(target.module, partial(self._switch_on, target, provider))
        for name in others:
            self._switch_on_entry_point(name, provider)

    def end(self) -> None:
        """Take back what we switched on, and wait for nothing."""
        self._watch.forget()
        for library, (way, instrumentor) in list(self._ours.items()):
            if isinstance(way, Way):
                try:
                    instrumentor.uninstrument()
                except Exception:  # noqa: BLE001  # the rim, of somebody else's code
                    _LOG.debug("%s could not be taken back", library, exc_info=True)
        self._ours.clear()
        self._claimed.clear()
        self._failures.clear()
        self._selected = None

    def report(self) -> tuple[Instrumented, ...]:
        """Every library that is installed, in the table's order; then what was asked by name."""
        found = [self._state_of(target) for target in self._targets if is_installed(target)]
        known = {target.library for target in self._targets}
        asked = [
            Instrumented(library=name, state="failed", why=why)
            for name, why in self._failures.items()
            if name not in known
        ]
        asked += [
            Instrumented(
                library=name, state="on", by=switched.way.by, switched_by="quarterdeck",
                package=version_of(switched.way), why="asked for by name",
            )
            for name, switched in self._ours.items()
            if name not in known
        ]  # fmt: skip
        return (*found, *asked)

    # -- choosing -------------------------------------------------------------------------

    def _chosen(self, selection: Selection) -> tuple[list[Target], list[str]]:
        if isinstance(selection, bool):
            return (list(self._targets) if selection else []), []
        names = [selection] if isinstance(selection, str) else list(selection)
        chosen: list[Target] = []
        others: list[str] = []
        for name in names:
            wanted = str(name).strip().lower().replace("_", "-")
            target = next((t for t in self._targets if wanted in (t.library, *t.also)), None)
            if target is None:
                others.append(str(name))
            else:
                chosen.append(target)
        return chosen, others

    # -- switching on ---------------------------------------------------------------------

    def _switch_on(self, target: Target, provider: "TracerProvider") -> None:
        """The library was imported: by the first way that works, unless one is on already."""
        if any(is_on(way, target) for way in target.ways):
            return
        failures: list[str] = []
        for way in target.ways:
            try:
                if isinstance(way, OwnWay):
                    instrumentor = None
                    done = self._by_itself(way, target, provider)
                else:
                    instrumentor = instrumentor_of(way)
                    done = instrumentor is not None and self._by(
                        way, instrumentor, target, provider
                    )
            except Exception as error:  # noqa: BLE001  # the rim, of somebody else's code
                failures.append(f"{version_of(way) or way.by}: {error}")
                _LOG.debug("%s was not instrumented by %r", target.library, way, exc_info=True)
                continue
            if done:
                self._ours[target.library] = _Switched(way, instrumentor)
                break
        if failures:
            self._failures[target.library] = "; ".join(failures)

    def _by_itself(self, way: OwnWay, target: Target, provider: "TracerProvider") -> bool:
        if way.needs_global_provider and not self._is_global():
            return False
        return way.switch is not None and way.switch(
            sys.modules[target.module], provider, self._capture_content
        )

    def _by(self, way: Way, instrumentor: Any, target: Target, provider: "TracerProvider") -> bool:
        if target.is_client:
            from quarterdeck.sdk.instrumentors.beneath import ProviderBeneath

            provider = ProviderBeneath(provider)
        instrumentor.instrument(
            tracer_provider=provider,
            raise_exception_on_conflict=True,
            **dict(way.options),
            **content_options(way, self._capture_content),
        )
        if target.after is not None:
            target.after(instrumentor, self._watch)
        return True

    def _switch_on_entry_point(self, name: str, provider: "TracerProvider") -> None:
        """Something that the table does not know; whoever names it wants it at once."""
        try:
            found = entry_point_called(name)
            if found is None:
                known = ", ".join(target.library for target in self._targets)
                self._failures[name] = (
                    f"nothing of this name is known or installed as an instrumentor; known: {known}"
                )
                return
            instrumentor = found.load()()
            if not getattr(instrumentor, "is_instrumented_by_opentelemetry", False):
                instrumentor.instrument(tracer_provider=provider, raise_exception_on_conflict=True)
            package = found.dist.name if found.dist is not None else ""
            self._ours[name] = _Switched(way_of(found, package), instrumentor)
        except Exception as error:  # noqa: BLE001  # the rim, of somebody else's code
            self._failures[name] = str(error)
            _LOG.debug("%r was not switched on", name, exc_info=True)

    def _is_global(self) -> bool:
        from opentelemetry import trace

        return trace.get_tracer_provider() is self._provider

    # -- telling --------------------------------------------------------------------------

    def _state_of(self, target: Target) -> Instrumented:
        ours = self._ours.get(target.library)
        on = [way for way in target.ways if is_on(way, target) or (ours and ours.way is way)]
        if on:
            first = ours.way if ours else on[0]
            others = tuple(version_of(way) or way.by for way in on if way is not first)
            return Instrumented(
                library=target.library,
                state="on" if ours else "left_alone",
                by=first.by,
                package=version_of(first),
                switched_by="quarterdeck" if ours else "application",
                why="" if ours else "the application switched it on, so nothing was added",
                also=others,
            )
        failure = self._failures.get(target.library)
        if failure:
            return Instrumented(library=target.library, state="failed", why=failure)
        return self._expected(target)

    def _expected(self, target: Target) -> Instrumented:
        """Nothing is on: what will be, or why nothing will."""
        if self._selected is not None and target.library not in self._selected:
            return Instrumented(
                library=target.library, state="left_alone", why="not among what init() selected"
            )
        for way in target.ways:
            if isinstance(way, Way):
                if distribution_of(way.package) is not None:
                    return self._waiting(target, way)
            elif way.needs_global_provider and self._provider is not None and not self._is_global():
                continue
            elif way.switch is None:
                return Instrumented(
                    library=target.library, state="left_alone", by="own", switched_by="library",
                    why=way.note,
                )  # fmt: skip
            else:
                return self._waiting(target, way)
        wanted = [way.package for way in target.ways if isinstance(way, Way)]
        why = (
            f"pip install {wanted[0]}"
            if wanted
            else "it reports to the process's tracer provider only, and that is another one"
        )
        return Instrumented(library=target.library, state="missing", why=why)

    def _waiting(self, target: Target, way: Way | OwnWay) -> Instrumented:
        imported = target.module in sys.modules and self._selected is not None
        return Instrumented(
            library=target.library,
            state="failed" if imported else "waiting",
            by=way.by,
            package=version_of(way),
            switched_by="quarterdeck",
            why="it was imported and told nobody" if imported else "once it is imported",
        )


# -- the process's one ------------------------------------------------------------------------

_PROCESS = Instrumentation()


def instrument(
    selection: Selection, *, tracer_provider: "TracerProvider", capture_content: bool = True
) -> None:
    """
    Switch on what `selection` names, now or when it is imported.  Called again, it adds to what
    is there.  Never raises: what came of it is in `instrumented()`.
    """
    try:
        _PROCESS.begin(selection, provider=tracer_provider, capture_content=capture_content)
    except Exception:  # noqa: BLE001  # the rim: an agent without instrumentation is an agent
        _LOG.warning("libraries were not instrumented", exc_info=True)


def instrumented() -> tuple[Instrumented, ...]:
    """
    Every known library that is installed here, and what became of it so far.  In a process
    that did not call `qd.init()`: what would become of it there.
    """
    try:
        return _PROCESS.report()
    except Exception:  # noqa: BLE001  # the rim
        _LOG.warning("what is instrumented could not be told", exc_info=True)
        return ()


def uninstrument() -> None:
    """Take back what `instrument` switched on, where that is possible."""
    _PROCESS.end()


def double(found: Sequence[Instrumented]) -> Iterator[str]:
    """A sentence for each library that two instrumentors tell of."""
    for one in found:
        if one.also:
            yield (
                f"{one.library}: {one.package or one.by} and {', '.join(one.also)} are both on; "
                "each call is sent twice and counted once"
            )
