"""
Every setting of the server, with its unit in its name, its default and what it is for.

Read once, by `server.py` and the command line, from variables named `QUARTERDECK_<NAME>`;
a command-line option wins over its variable.  What the command line reads as a client is in
docs/reference/cli.md.  Refuses values that could never work (a port of 70000), naming the variable.
The table in docs/reference/settings.md is tested against this class.
"""

import ipaddress
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from quarterdeck.errors import Misconfigured

PREFIX = "QUARTERDECK_"

_MIB = 1024 * 1024
_GIB = 1024 * _MIB


class Settings(BaseSettings):
    """One server's settings.  Frozen: a changed setting means a restarted server."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    # where it listens
    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on. Anything but loopback needs an account first.",
    )
    port: int = Field(
        default=4400, ge=0, le=65535, description="Port of HTTP. 0 lets the system choose."
    )
    grpc_port: int = Field(
        default=4317, ge=0, le=65535, description="Port of OTLP/gRPC. 0 lets the system choose."
    )
    grpc: bool = Field(default=True, description="Whether to listen for OTLP/gRPC at all.")
    public_url: str = Field(
        default="",
        description="The address that people type, when a proxy stands in front, e.g. "
        "`https://agents.example.org`. Over https the login cookie gets the `__Host-` prefix.",
    )
    allowed_hosts: str = Field(
        default="",
        description="More Host names to answer to in local mode, separated by commas.",
    )

    # where it keeps things
    data: Path = Field(
        default=Path("~/.quarterdeck"), description="Folder for everything that the server keeps."
    )
    events_url: str = Field(
        default="",
        description="Where spans and sessions live: `chdb:///folder` or "
        "`clickhouse://user:password@host:8123/quarterdeck`. Empty: chDB in the data folder.",
    )
    events_cluster: str = Field(
        default="",
        description="Name of the ClickHouse cluster for replicated tables; empty for none.",
    )
    records_url: str = Field(
        default="",
        description="Where projects, accounts and keys live: `sqlite:///file` or "
        "`postgresql://…`. Empty: SQLite in the data folder.",
    )

    # what it accepts
    max_body_bytes: int = Field(
        default=64 * _MIB,
        ge=1024,
        description="Largest request body after decompression; OTLP recommends 64 MiB. "
        "More is answered 413.",
    )
    max_api_body_bytes: int = Field(
        default=4 * _MIB,
        ge=1024,
        description="Largest body of a call under /api; more is answered 413.",
    )
    max_request_s: float = Field(
        default=30.0,
        gt=0,
        description="How long a sender may take to deliver one request, in seconds.",
    )
    max_connections: int = Field(
        default=1024, ge=8, description="Connections held at once; more wait in the system's queue."
    )
    spool_max_bytes: int = Field(
        default=2 * _GIB,
        ge=_MIB,
        description="Acknowledged data that may wait on disk for the store; more is answered 503.",
    )
    in_flight_max_bytes: int = Field(
        default=256 * _MIB,
        ge=_MIB,
        description="Request bodies held in memory at once; more is answered 503.",
    )

    max_items_per_s: float = Field(
        default=0.0,
        ge=0,
        description="Spans, log records and data points that one project may send in a second, "
        "on average over ten; more is answered 429. 0 sets no limit.",
    )

    # how it works
    idle_minutes: float = Field(
        default=30.0, gt=0, description="A session without news for so many minutes is closed."
    )
    retention_days: int = Field(
        default=0,
        ge=0,
        description="Days that sessions are kept in projects that set none themselves; "
        "0 keeps them.",
    )
    release_watch_s: float = Field(
        default=15.0,
        gt=0,
        description="How often canaries are looked at, in seconds. Any number of looks is fine: "
        "the test is made for it.",
    )
    query_timeout_s: float = Field(
        default=30.0, gt=0, description="Longest that one read of the store may take, in seconds."
    )
    query_memory_bytes: int = Field(
        default=2 * _GIB, ge=_MIB, description="Most memory that one read of the store may use."
    )
    login_hours: float = Field(
        default=168.0, gt=0, description="How long a login by cookie lasts, in hours."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Which messages the server writes to its standard error."
    )
    log_json: bool = Field(
        default=False, description="Whether those messages are JSON, one a line."
    )

    def data_folder(self) -> Path:
        """The data folder, absolute, `~` resolved.  Not created here."""
        return self.data.expanduser().absolute()

    def events_location(self) -> str:
        return self.events_url or f"chdb://{self.data_folder() / 'events'}"

    def records_location(self) -> str:
        return self.records_url or f"sqlite:///{self.data_folder() / 'records.db'}"

    def binds_loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False


def read_settings(**options: object) -> Settings:
    """
    Settings from the environment; `options` that are not None win over their variables.

    Raises `Misconfigured`, with the variable's name and what would be accepted.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic validates strangers' values
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        raise Misconfigured(
            f"{PREFIX}{name.upper()}={first.get('input')!r}: {first['msg']}",
            hint="docs/reference/settings.md lists every setting with its unit and default.",
        ) from error
