"""
A model that follows a script: runs a command with its API beside it, so that no key is needed.

    python ../scripted_model python agent.py

It speaks OpenAI's chat completions and responses and Anthropic's messages on a free port of this
machine, and tells the command so by the variables that those clients read.  Without the prefix,
and with a key of yours, the same agent asks a real model.  It is no model: what it says is in
`script.py`, whatever it is asked.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anthropic_messages
import openai_chat
import openai_responses

PROTOCOLS = {
    "/v1/chat/completions": openai_chat,
    "/v1/responses": openai_responses,
    "/v1/messages": anthropic_messages,
}


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        protocol = PROTOCOLS.get(self.path.split("?")[0])
        if protocol is None:
            self._send(404, {"error": {"message": "not a part of this model"}})
        elif asked.get("stream"):
            self._stream(protocol.events(asked))
        else:
            self._send(200, protocol.answer(asked))

    def do_GET(self) -> None:
        self._send(404, {"error": {"message": "not a part of this model"}})

    do_HEAD = do_GET  # noqa: N815  # as http.server calls it

    def _send(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def _stream(self, events: Iterator[str]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for event in events:
            self.wfile.write(event.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing: the terminal is the command's."""


def main() -> int:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    told = {
        "OPENAI_BASE_URL": f"{address}/v1",
        "OPENAI_API_KEY": "sk-nobody-asks",
        "ANTHROPIC_BASE_URL": address,
        "ANTHROPIC_API_KEY": "sk-ant-nobody-asks",
    }
    return subprocess.run(sys.argv[1:], env=os.environ | told, check=False).returncode  # noqa: S603  # the user's own


if __name__ == "__main__":
    sys.exit(main())
