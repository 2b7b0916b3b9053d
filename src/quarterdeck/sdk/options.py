"""
What `init` was told: arguments first, then variables, then defaults.

Refuses nothing: a value that can't be read is its default, with a log line, because `init` never
raises.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quarterdeck.sdk.client import DEFAULT_URL
from quarterdeck.sdk.rim import log

MIB = 1024 * 1024

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    url: str = DEFAULT_URL
    api_key: str = ""
    service_name: str = ""
    environment: str = ""
    workflow: str = ""
    workflow_version: str = ""
    capture_content: bool = True
    enabled: bool = True
    debug: bool = False
    spool_dir: Path | None = None
    """None: no home folder to put it in, so nothing is spooled."""
    queue_max_spans: int = 20_000
    """Ended spans that wait to be encoded.  The usual number is some dozens, as they are taken
    every second; without much text so many are 54 MiB."""
    queue_max_bytes: int = 64 * MIB
    """About what the text of the waiting spans may take; a burst of long prompts meets this
    first."""
    spool_max_bytes: int = 256 * MIB
    """Compressed: a day of a busy agent."""
    spool_max_age_s: float = 7 * 24 * 3600.0


def read_options(
    variables: Mapping[str, str] = os.environ,
    *,
    url: str | None = None,
    api_key: str | None = None,
    service_name: str | None = None,
    environment: str | None = None,
    workflow: str | None = None,
    workflow_version: str | None = None,
    capture_content: bool | None = None,
    spool_dir: str | Path | None = None,
    enabled: bool | None = None,
    debug: bool = False,
) -> Options:
    """What `init` was given; None for what was left out."""

    def told(argument: object, name: str) -> str:
        return str(argument) if argument is not None else variables.get(name, "")

    return Options(
        url=(told(url, "QUARTERDECK_URL") or DEFAULT_URL).rstrip("/"),
        api_key=told(api_key, "QUARTERDECK_API_KEY"),
        service_name=told(service_name, "QUARTERDECK_SERVICE_NAME"),
        environment=told(environment, "QUARTERDECK_ENVIRONMENT"),
        workflow=told(workflow, "QUARTERDECK_WORKFLOW"),
        workflow_version=told(workflow_version, "QUARTERDECK_WORKFLOW_VERSION"),
        capture_content=_flag(variables, "QUARTERDECK_CAPTURE_CONTENT", capture_content),
        enabled=_flag(variables, "QUARTERDECK_ENABLED", enabled)
        and variables.get("OTEL_SDK_DISABLED", "").strip().lower() != "true",
        debug=bool(debug) or variables.get("QUARTERDECK_DEBUG", "").strip().lower() in _YES,
        spool_dir=_spool_dir(told(spool_dir, "QUARTERDECK_SPOOL_DIR")),
    )


def default_spool_dir(variables: Mapping[str, str] = os.environ) -> Path | None:
    """Where this process would spool to, for `quarterdeck doctor`."""
    return _spool_dir(variables.get("QUARTERDECK_SPOOL_DIR", ""))


def _spool_dir(told: str) -> Path | None:
    try:
        return Path(told).expanduser() if told else Path.home() / ".quarterdeck" / "sdk-spool"
    except RuntimeError:
        log.warning("no home folder: set QUARTERDECK_SPOOL_DIR, or nothing is kept on disk")
        return None


def _flag(variables: Mapping[str, str], name: str, argument: bool | None) -> bool:
    """True if neither says otherwise."""
    if argument is not None:
        return bool(argument)
    word = variables.get(name, "").strip().lower()
    if word and word not in _YES | _NO:
        log.warning("%s is %r; expected true or false, so it is true", name, word[:40])
    return word not in _NO
