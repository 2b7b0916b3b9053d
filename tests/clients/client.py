"""
A client that is run unchanged against a server: what it is, and the one thing it is told.

In `address` and `settings` these are filled in:

    {server}    http://127.0.0.1:4400, the server without any prefix
    {wire}      the same with the client's prefix: http://127.0.0.1:4400/langsmith
    {grpc}      the port of its OTLP/gRPC
    {key}       a key of the run's project, which may send and read ("" in local mode: any works)
    {model}     http://127.0.0.1:8190/v1, the scripted model server
    {gateway}   {wire}, but that model calls are answered by the model server (`gateway.py`)
    {folder}    an empty folder of this run
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

ModelServer = Literal["refunds", "billing"]
"""Which scripted model answers: set1's (a refund) or set2's (a bug in billing)."""


class Made(NamedTuple):
    """A JSON request to the wire, which must succeed."""

    path: str
    """Below the client's prefix: "/v1/prompt"."""
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One start of a driver, in a project of its own."""

    name: str
    """The scenario, as the recordings label it; names the run in `expected/<client>.json`."""
    arguments: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    driver: str = ""
    """Where it is another than the client's."""
    within_s: float = 180.0
    """A driver that takes longer hangs."""
    before: tuple[Made, ...] = ()
    """What the driver takes for granted that somebody made, such as a prompt that it only loads."""
    quick: bool = False
    """Run in CI: its environment is installed in seconds, its driver takes few."""
    recordings: tuple[str, ...] = ()
    """Labels of the recorded traffic that are this run; () = the run's name.  "all" = the whole
    recording, whatever its labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    name: str
    """As the folder of its recorded traffic."""
    product: str
    package: str
    """Package and version, as its registry calls it: "langsmith 0.15.0"."""
    prefix: str
    """Under which the server speaks its protocol; "" = the root."""
    variable: str
    """The one that its users change, to `address`; an argument where it reads no variable."""
    environment: str
    """In `requirements/`."""
    driver: str
    """Below the shared clients folder.  A `.mjs` is run by Node."""
    runs: tuple[Run, ...]
    address: str = "{wire}"
    also: tuple[tuple[str, str], ...] = ()
    """A second one, of a client that can't do with one."""
    reads: str = ""
    """Of a driver that makes `variable` from a name of its own: that name, given "{wire}"."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What else the driver reads: its key, its names, the model server."""
    overrides: tuple[str, ...] = ()
    """Of `settings`, those that a driver sets for itself and the run's value must win over."""
    model: ModelServer | None = "refunds"
    recorded_key: str = ""
    """The made-up key of its recording, where that is in bodies or addresses too."""


def runs(*names: str, quick: str = "") -> tuple[Run, ...]:
    """Scenarios that are the driver's only argument."""
    return tuple(Run(name=name, arguments=(name,), quick=name == quick) for name in names)


ALL = (Run(name="all", recordings=("all",)),)
