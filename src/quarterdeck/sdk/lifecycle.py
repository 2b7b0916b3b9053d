"""
What happens when the process ends or forks.

At exit (the end of the program, `sys.exit`, an uncaught exception) what waits is sent for at most
`EXIT_S`, and the rest goes to disk.  No signal handler is installed: a SIGTERM that nobody
handles ends Python without its exit functions, as it always does, and what was told every
second is with the server already.

At fork the parent goes on as it was.  The child begins with an empty queue and its own thread,
which starts with its first span; spans that were open are the parent's to send.  Children of
`multiprocessing` skip Python's exit functions, so there it is `multiprocessing`'s own finalizer
that sends.
"""

import atexit
import os
from multiprocessing import util as processes

from quarterdeck.sdk import rim, runtime
from quarterdeck.sdk.rim import swallow
from quarterdeck.sdk.sending.delivery import loading

EXIT_S = 5.0
"""Long enough for a request over a slow line, short enough not to be noticed in a shell."""


class _Hooks:
    """Kept alive here: multiprocessing remembers it weakly."""

    def __init__(self) -> None:
        self.are_set = False
        self.is_held = False
        """Whether the fork that goes on now holds `loading`."""


_hooks = _Hooks()


def watch() -> None:
    """Once for the process."""
    if _hooks.are_set:
        return
    _hooks.are_set = True
    atexit.register(at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_in_child)
    processes.register_after_fork(_hooks, _in_worker)


def at_exit() -> None:
    running = runtime.running
    if running is None:
        return
    try:
        stop(running, timeout_s=EXIT_S)
    except Exception as error:  # noqa: BLE001 - the rim: a program must end as it would have
        swallow("exit", error)


def stop(running: runtime.Running, *, timeout_s: float) -> None:
    """Send what there is, within the time, and take no more.  For good, or until `init`."""
    if runtime.running is running:
        runtime.running = None
    running.outbox.close()
    running.sender.stop(timeout_s)


def _before() -> None:
    # Bounded: an import that hangs must not hang the program's own forks.
    _hooks.is_held = loading.acquire(timeout=5)


def _after() -> None:
    if _hooks.is_held:
        _hooks.is_held = False
        loading.release()


def _in_child() -> None:
    _after()
    rim.forget()
    running = runtime.running
    if running is None:
        return
    try:
        running.outbox.forget()
        running.sender.forget()
    except Exception as error:  # noqa: BLE001 - the rim: the child's own work goes on
        swallow("fork", error)


def _in_worker(_: _Hooks) -> None:
    """Runs in a child of multiprocessing, after it has cleared what the parent registered."""
    processes.Finalize(None, at_exit, exitpriority=100)
