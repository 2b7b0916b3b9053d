"""
When is a library imported?  Instrumenting imports what it instruments; this waits for the agent.

`import openai` takes a second, and an agent that never imports it should not pay for it in
`qd.init()`.  So a finder stands first in `sys.meta_path`: it finds nothing itself, it asks the
others, and lets the loader call back once the module's body has run.  The loader stays the
object it was, so that `importlib.resources` and pickles of it see nothing unusual.

A callback runs in the thread that imports, under the lock of that module.  What it raises is
logged and goes no further: an import that worked must not fail because of us.
"""

import logging
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

_LOG = logging.getLogger(__name__)

Callback = Callable[[], None]


class ImportWatch:
    """
    A finder for `sys.meta_path` (no subclass of one: importing `importlib.abc` is not free).

    Calls back once for each module that is waited for: at once if it was imported already, and
    from a thread of its own if another thread is just importing it.  Namespace packages have no
    body to run and are never reported.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, list[Callback]] = {}
        self._lock = threading.Lock()
        """Protects `_waiting` and our place in `sys.meta_path`; never held during a callback."""

    def when_imported(self, module: str, callback: Callback) -> None:
        with self._lock:
            found = sys.modules.get(module)
            if found is None:
                self._waiting.setdefault(module, []).append(callback)
                if self not in sys.meta_path:
                    sys.meta_path.insert(0, self)
                return
        if getattr(getattr(found, "__spec__", None), "_initializing", False):
            threading.Thread(
                target=_call_when_complete, args=(module, callback), daemon=True
            ).start()
        else:
            _call(module, callback)

    def forget(self) -> None:
        """Wait for nothing any more."""
        with self._lock:
            self._waiting.clear()
            self._leave()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> "ModuleSpec | None":
        if fullname not in self._waiting:
            return None
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            found: ModuleSpec | None = find(fullname, path, target)
            if found is not None:
                if found.loader is not None:
                    self._listen(found.loader, fullname)
                return found
        return None

    def _listen(self, loader: "Loader", name: str) -> None:
        """Have `loader` tell us that it ran the module.  One that can't be changed does not."""
        run = loader.exec_module

        def run_and_tell(module: ModuleType) -> None:
            run(module)
            # A loader may be shared by many modules (pytest's is).
            if module.__name__ == name:
                self._was_imported(name)

        try:
            loader.exec_module = run_and_tell  # type: ignore[method-assign]  # of this one only
        except AttributeError:
            _LOG.debug("%r is imported by %r, which tells nobody", name, loader)

    def _was_imported(self, name: str) -> None:
        with self._lock:
            callbacks = self._waiting.pop(name, ())
            if not self._waiting:
                self._leave()
        for callback in callbacks:
            _call(name, callback)

    def _leave(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)


def _call_when_complete(module: str, callback: Callback) -> None:
    """Half a module can't be instrumented.  Importing it waits for whoever imports it now."""
    try:
        import_module(module)
    except Exception:  # noqa: BLE001  # theirs, and told where it was raised
        return
    _call(module, callback)


def _call(module: str, callback: Callback) -> None:
    try:
        callback()
    except Exception:  # noqa: BLE001  # the rim: the agent's import goes on
        _LOG.warning("what waited for the import of %r failed", module, exc_info=True)
