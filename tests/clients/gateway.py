"""
A stand-in for a vendor's gateway: model calls go to the scripted models, all else to the server.

OpenPipe, Portkey and Helicone have one address for both, and this server answers only what is sent
to it to be kept.  Behind the stand-in a driver of theirs runs to its end, so that everything but
the model calls is proven; those, the server never sees.  A fallback that a driver's configuration
asks its gateway for is made here, as the vendor's would.
"""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_MODEL_CALLS = ("chat/completions", "completions", "embeddings", "responses")
_PER_CONNECTION = frozenset({"host", "connection", "transfer-encoding", "content-length"})
_TIMEOUT_S = 60
_JUDGED = b'{"score": 1, "explanation": "by the stand-in"}'
"""OpenPipe judges by a model of its own."""


def is_answered_here(call: str) -> bool:
    """Whether a call, "POST /v1/chat/completions", does not get as far as the server."""
    return call.endswith(("/criteria/judge", *(f"/{one}" for one in _MODEL_CALLS)))


@contextmanager
def gateway(server: str, model: str) -> Iterator[str]:
    """Its address, without a slash at the end.  Both others are base URLs; `model` ends in /v1."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.daemon_threads = True
    httpd.server_url, httpd.model_url = server, model  # type: ignore[attr-defined]
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
    finally:
        httpd.shutdown()
        httpd.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self._body()
        path = urlsplit(self.path).path.rstrip("/")
        call = next((c for c in _MODEL_CALLS if path.endswith("/" + c)), "")
        if path.endswith("/criteria/judge"):
            self._send(200, [("Content-Type", "application/json")], _JUDGED)
            return
        if self.command != "POST" or not call:
            self._send(*self._asked(self.server.server_url, self.path, body))  # type: ignore[attr-defined]
            return
        self._send(*self._model_call(call, body))

    do_GET = _answer  # noqa: N815 - the names of the base class
    do_POST = _answer  # noqa: N815
    do_PUT = _answer  # noqa: N815
    do_PATCH = _answer  # noqa: N815
    do_DELETE = _answer  # noqa: N815

    def _model_call(self, call: str, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        said = json.loads(body or b"{}")
        if "variables" in said:  # a prompt of Portkey's is run: what it says is not known here
            asked = json.dumps(said["variables"])
            said = {
                "model": "gpt-4o",
                "stream": said.get("stream"),
                "messages": [{"role": "user", "content": asked}],
            }
            call = "chat/completions"
        answer = 503, list[tuple[str, str]](), b""
        for model in (*_bare(str(said.get("model", ""))), *self._fallbacks()):
            sent = json.dumps({**said, "model": model}).encode()
            answer = self._asked(self.server.model_url, "/" + call, sent)  # type: ignore[attr-defined]
            if answer[0] < 400:
                break
        status, headers, content = answer
        # Portkey's SDK would send again what has no header of Portkey's, and Helicone's reads from
        # its header what feedback is about.
        named = self.headers.get("helicone-request-id") or "stand-in"
        more = [("x-portkey-trace-id", "stand-in"), ("Helicone-Id", named)]
        return status, [*headers, *more], content

    def _fallbacks(self) -> list[str]:
        """The models that Portkey's and Helicone's headers name for when the first fails."""
        targets: list[Any] = (self._told("x-portkey-config") or {}).get("targets") or []
        overrides = [target.get("override_params") for target in targets]
        overrides += [one.get("bodyKeyOverride") for one in self._told("helicone-fallbacks") or []]
        return [one["model"] for one in overrides if one and one.get("model")]

    def _told(self, header: str) -> Any:
        try:
            return json.loads(self.headers.get(header) or "null")
        except ValueError:
            return None  # the name of a stored configuration

    def _asked(self, base: str, path: str, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        address = urlsplit(base)
        connection = http.client.HTTPConnection(address.netloc, timeout=_TIMEOUT_S)
        kept = {k: v for k, v in self.headers.items() if k.lower() not in _PER_CONNECTION}
        # Addresses in answers must lead back through here.
        kept["Host"] = self.headers["Host"]
        try:
            connection.request(self.command, address.path + path, body or None, kept)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        headers = [(k, v) for k, v in answer.getheaders() if k.lower() not in _PER_CONNECTION]
        return answer.status, headers, content

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        found = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _send(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        pass


def _bare(model: str) -> list[str]:
    """
    Without the vendor's prefix or the provider's (`openpipe:x`, `@openai-prod/x`, `x/openai`);
    several where the name is a list.
    """
    named = [one.strip().rpartition(":")[2] for one in model.split(",")]
    return [
        one.rpartition("/")[2] if one.startswith("@") else one.partition("/")[0] for one in named
    ]
