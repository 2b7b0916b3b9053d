"""
Secrets in a manifest: named, never written.

A version is kept for ever and read by everybody who may read the project.  What looks like a
credential in an MCP server's headers, environment, command or address is refused; the agent's own
process puts it in from its environment, where the manifest says `${env:NAME}`.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from quarterdeck.workflows.folder_problems import Path, Report, quoted
from quarterdeck.workflows.folder_schema import as_list, as_map

HINT = "name it: ${env:NAME}"

_REFERENCE = re.compile(r"\$\{env:[A-Za-z_][A-Za-z0-9_]*\}")
_SECRET_NAME = re.compile(
    r"auth|token|secret|passw|passphrase|api[-_]?key|access[-_]?key|private[-_]?key|"
    r"(^|[-_])key$|cookie|credential|session[-_]?id|signature",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"\b(sk|pk|rk|qd|ghp|gho|ghs|ghu|glpat|xox[abprs]|hf|npm|pypi|sq0|shpat|AKIA|ASIA|AIza|dop_v1)"
    r"[-_]?[A-Za-z0-9_-]{12,}|\beyJ[A-Za-z0-9_-]{10,}|-----BEGIN |\b(Bearer|Basic)\s+\S{8,}"
)
_LONG = re.compile(r"[A-Za-z0-9+/=_-]{32,}")


def check_servers(value: object, report: Report) -> None:
    """Each of `mcp_servers`: one way to reach it, and no credential in it."""
    for name, server in as_map(as_map(value).get("mcp_servers")).items():
        at: Path = ("mcp_servers", name)
        said = as_map(server)
        ways = [way for way in ("url", "command") if way in said]
        if isinstance(server, dict) and len(ways) != 1:
            report.error_of_key(at, "needs one of url and command, and not both")
        if isinstance(said.get("url"), str):
            _check_url(said["url"], (*at, "url"), report)
        if said.get("command") == []:
            report.error((*at, "command"), "is empty: the program, then its arguments")
        for index, part in enumerate(as_list(said.get("command"))):
            if isinstance(part, str):
                _check_argument(part, (*at, "command", index), report)
        for field in ("headers", "environment"):
            _check_named(as_map(said.get(field)), (*at, field), report)


def _check_url(url: str, at: Path, report: Report) -> None:
    try:
        parts = urlsplit(url)
        password = parts.password or parts.username
    except ValueError:
        report.error(at, f"{quoted(url)} is no address")
        return
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        report.error(at, f"{quoted(url)} is no address", "https://… or http://…")
    if password and not _REFERENCE.search(parts.netloc):
        report.error(at, "a credential in an address", HINT)
    _check_query(parts, at, report)
    _check_references(url, at, report)


def _check_query(parts: SplitResult, at: Path, report: Report) -> None:
    try:
        named = parse_qsl(parts.query, max_num_fields=100)
    except ValueError:
        report.error(at, "more than 100 parameters in an address")
        return
    for name, text in named:
        if _is_literal_secret(name, text):
            report.error(at, f"{quoted(name)} in an address looks like a credential", HINT)


def _check_argument(text: str, at: Path, report: Report) -> None:
    name, _, said = text.rpartition("=")
    if _is_literal_secret(name, said):
        report.error(at, "an argument looks like a credential", HINT)
    _check_references(text, at, report)


def _check_named(said: Mapping[str, Any], at: Path, report: Report) -> None:
    for name, text in said.items():
        if not isinstance(text, str):
            continue
        if _is_literal_secret(name, text):
            report.error((*at, name), f"{quoted(name)} looks like a credential", HINT)
        _check_references(text, (*at, name), report)


def _is_literal_secret(name: str, text: str) -> bool:
    """By its name with any text, or by the text alone; what is left when references are out."""
    rest = _REFERENCE.sub("", text).strip()
    if _SECRET_VALUE.search(rest):
        return True
    # `Authorization: Bearer ${env:TOKEN}` leaves the scheme.
    if _SECRET_NAME.search(name) and rest.lower() not in {"", "bearer", "basic", "token"}:
        return True
    long = _LONG.search(rest)
    return bool(long and re.search(r"\d", long[0]) and re.search(r"[A-Za-z]", long[0]))


def _check_references(text: str, at: Path, report: Report) -> None:
    rest = _REFERENCE.sub("", text)
    if "${" in rest:
        report.error(at, "a reference that is none", HINT)
