"""
Recorded traffic of a client, sent to a server again: the same addresses below the client's own
prefix, the same headers, the same bytes.

Keys were cut from the recordings, so the run's own key is put where each was, in the same form.
"""

import base64
import gzip
import http.client
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import grpc

from clients.client import Client
from clients.gateway import is_answered_here
from clients.servers import Place

_CUT = re.compile(r"<redacted.*?>", re.IGNORECASE)
_OURS = {"host", "content-length", "connection", "transfer-encoding", "accept-encoding"}
_GRPC = "gRPC"
_NOT_A_REFUSAL = (404, 501)
"""A recording asks for what the recorder had made up: ids that only it knew."""


class Recorded(NamedTuple):
    file: str
    label: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    chunked: bool


class Sent(NamedTuple):
    request: Recorded
    status: int
    said: str


def labels(folder: Path) -> list[str]:
    """Of a recording, in the order recorded; "" for one that has none."""
    return list(dict.fromkeys(one.label for one in recorded_in(folder)))


def recorded_in(folder: Path) -> list[Recorded]:
    """In the order received, without those whose body was too large to be recorded."""
    files = [path for path in folder.glob("*.json") if path.stem.isdigit()]
    told = ((path, json.loads(path.read_text())) for path in files)
    whole = [(path, one) for path, one in told if not _is_cut(one["request"])]
    return [_read(path, one) for path, one in sorted(whole, key=lambda pair: int(pair[0].stem))]


def _is_cut(request: Mapping[str, Any]) -> bool:
    return bool(request.get("body_bytes_wire")) and not request.get("raw_body_b64")


def _read(path: Path, told: Mapping[str, Any]) -> Recorded:
    request = told["request"]
    headers = request.get("headers") or {}
    pairs = headers.items() if isinstance(headers, dict) else headers
    raw = request.get("raw_body_b64") or request.get("raw_base64") or ""
    return Recorded(
        file=path.name,
        label=told.get("session") or "",
        method=request["method"],
        target=_target(request),
        headers=tuple((name, text) for name, text in pairs),
        body=base64.b64decode(raw),
        chunked=bool(request.get("transfer_encoding")),
    )


def _target(request: Mapping[str, Any]) -> str:
    """As it was in the request line: an encoded slash in a path is not a slash."""
    line = request.get("line", "").split(" ")
    if len(line) == 3:
        return str(line[1])
    query = urlencode(request.get("query") or {}, doseq=True)
    return f"{request['path']}?{query}" if query else str(request["path"])


def of_run(folder: Path, wanted: Iterable[str]) -> list[Recorded]:
    """The requests of these labels; "all" is every label."""
    names = set(wanted)
    return [one for one in recorded_in(folder) if "all" in names or one.label in names]


def send(client: Client, requests: Iterable[Recorded], place: Place) -> list[Sent]:
    address = urlsplit(place.server.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port or 80, timeout=60)
    try:
        return [
            _send_grpc(place, one) if one.method == _GRPC else _send(client, place, connection, one)
            for one in requests
        ]
    finally:
        connection.close()


def _send(
    client: Client, place: Place, connection: http.client.HTTPConnection, request: Recorded
) -> Sent:
    body, target = request.body, client.prefix + request.target
    if client.recorded_key and place.key:
        body = _with_key(body, request, client.recorded_key, place.key)
        target = target.replace(client.recorded_key, place.key)
    headers = {
        name: _header(text, place.key)
        for name, text in request.headers
        if name.lower() not in _OURS
    }
    if place.key and not any(_CUT.search(text) for _, text in request.headers):
        headers.setdefault("Authorization", f"Bearer {place.key}")  # it sent none to the recorder
    if request.chunked:
        headers["Transfer-Encoding"] = "chunked"
        connection.request(
            request.method, target, body=iter([body]), headers=headers, encode_chunked=True
        )
    else:
        connection.request(request.method, target, body=body or None, headers=headers)
    answer = connection.getresponse()
    said = answer.read()
    return Sent(request, answer.status, said[:300].decode(errors="replace"))


def _header(text: str, key: str) -> str:
    """A credential in its own form: bare, after a scheme, or as the password of Basic."""
    if not _CUT.search(text):
        return text
    if text.lower().startswith("basic "):
        return "Basic " + base64.b64encode(f"user:{key or 'any'}".encode()).decode()
    return _CUT.sub(key or "any", text)


def _with_key(body: bytes, request: Recorded, old: str, new: str) -> bytes:
    encoding = {name.lower(): text for name, text in request.headers}.get("content-encoding", "")
    match encoding:
        case "gzip":
            return gzip.compress(gzip.decompress(body).replace(old.encode(), new.encode()))
        case "deflate":
            return zlib.compress(zlib.decompress(body).replace(old.encode(), new.encode()))
        case _:
            return body.replace(old.encode(), new.encode())


def _send_grpc(place: Place, request: Recorded) -> Sent:
    with grpc.insecure_channel(f"127.0.0.1:{place.server.grpc_port}") as channel:
        call = channel.unary_unary("/" + request.target.lstrip("/"), None, None)
        metadata = tuple(
            (name.lower(), _header(text, place.key))
            for name, text in request.headers
            if name.lower() == "authorization"
        )
        try:
            call(request.body, metadata=metadata, timeout=30)
        except grpc.RpcError as error:
            return Sent(request, 500, str(error))
    return Sent(request, 200, "")


def unexpected(troubles: Counter[str]) -> Counter[str]:
    """Without what no server of ours is to answer: model calls of gateways, and what only the
    recorder's own answers made a client ask for (addresses that it gave out, a limit that it told
    Braintrust's client, which ours does not)."""
    return Counter(
        {
            what: times
            for what, times in troubles.items()
            if " /__" not in what and what != "POST /logs3/overflow" and not is_answered_here(what)
        }
    )


def refused(sent: Iterable[Sent]) -> list[str]:
    """What a client would not have expected: refusals and failures, a line each."""
    return [
        f"{one.request.file}: {one.request.method} {one.request.target[:100]} was answered"
        f" {one.status}: {one.said[:160]}"
        for one in sent
        if one.status >= 400 and one.status not in _NOT_A_REFUSAL
    ]
