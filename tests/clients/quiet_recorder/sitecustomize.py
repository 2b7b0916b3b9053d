"""
What a driver's Python does before the driver: the client itself is left as it is.

* Drivers tell their recorder what they do next (`POST /__ctl`, `GET /__phase`).  There is none
  here, so these calls are answered inside this process and never leave it.
* Settings of the run, named in QUARTERDECK_RUN_OVERRIDES, win over those that a driver writes
  into its own environment or into that of a program that it starts: its key has to be one that
  the server knows.
* Nothing but this machine is reached: a client's own telemetry finds no network.
"""

import io
import os
import socket
import subprocess
import urllib.request
from typing import Any
from urllib.parse import urlsplit

_RECORDER_PATHS = ("/__ctl", "/__phase", "/__ping")
_HERE = ("127.0.0.1", "localhost", "::1", "0.0.0.0", "")

_open = urllib.request.urlopen
_environment = type(os.environ)
_set = _environment.__setitem__
_begin = subprocess.Popen.__init__
_look_up = socket.getaddrinfo
_kept = frozenset(filter(None, os.environ.get("QUARTERDECK_RUN_OVERRIDES", "").split(",")))


def _urlopen(url: Any, *arguments: Any, **options: Any) -> Any:
    address = url if isinstance(url, str) else url.full_url
    if urlsplit(address).path.endswith(_RECORDER_PATHS):
        return io.BytesIO(b"{}")
    return _open(url, *arguments, **options)


def _set_item(self: Any, name: str, value: str) -> None:
    if name not in _kept:
        _set(self, name, value)


def _start(self: Any, *arguments: Any, **options: Any) -> None:
    told = options.get("env")
    if told is not None:
        own = {name: os.environ[name] for name in _kept if name in told and name in os.environ}
        options["env"] = {**told, **own}
    _begin(self, *arguments, **options)


def _addresses(host: Any, *arguments: Any, **options: Any) -> Any:
    named = host.decode() if isinstance(host, bytes) else host
    if named is not None and named not in _HERE:
        raise socket.gaierror(socket.EAI_NONAME, f"{named} is not this machine")
    return _look_up(host, *arguments, **options)


urllib.request.urlopen = _urlopen
_environment.__setitem__ = _set_item  # type: ignore[method-assign]
subprocess.Popen.__init__ = _start  # type: ignore[method-assign]
socket.getaddrinfo = _addresses
