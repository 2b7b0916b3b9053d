"""
A model provider on loopback: chat completions, whole and as a stream, over real HTTP.

It answers each call with other token counts, so that a call that is counted twice, or not at
all, shows in the sums.  A stream tells its tokens only to who asks for them, as OpenAI's does.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

MODEL = "gpt-4o-mini-2024-07-18"


class Performed(NamedTuple):
    """What the provider did: the truth that a session is held against.  Tokens are those that it
    told; a stream that nobody asked for its usage told none."""

    calls: int
    input_tokens: int
    output_tokens: int


class ChatServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.lock = threading.Lock()
        """Protects `performed`."""
        self.performed = Performed(0, 0, 0)

    def next_call(self, *, tells: bool) -> tuple[int, int, int]:
        """Its number, and its input and output tokens: no two calls are alike."""
        with self.lock:
            number, told_in, told_out = self.performed
            number += 1
            tokens_in, tokens_out = 100 + number, 10 + 2 * number
            self.performed = Performed(
                number, told_in + tokens_in * tells, told_out + tokens_out * tells
            )
        return number, tokens_in, tokens_out


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        streams = bool(body.get("stream"))
        tells = not streams or bool((body.get("stream_options") or {}).get("include_usage"))
        number, tokens_in, tokens_out = self.server.next_call(tells=tells)
        usage = {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        }
        said = f"answer {number}"
        base = {"id": f"chatcmpl-{number:08d}", "created": 1_790_000_000, "model": MODEL}
        if streams:
            self._stream(base, said, usage if tells else None)
            return
        message = {"role": "assistant", "content": said}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._whole({**base, "object": "chat.completion", "choices": [choice], "usage": usage})

    def _whole(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, base: dict[str, Any], said: str, usage: dict[str, int] | None) -> None:
        chunk = {**base, "object": "chat.completion.chunk"}
        deltas: list[tuple[dict[str, str], str | None]] = [
            ({"role": "assistant", "content": ""}, None),
            *(({"content": word + " "}, None) for word in said.split()),
            ({}, "stop"),
        ]
        events: list[dict[str, Any]] = [
            {**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": finished}]}
            for delta, finished in deltas
        ]
        if usage is not None:
            events.append({**chunk, "choices": [], "usage": usage})
        body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: Any) -> None:
        """Silence: requests are no news."""


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    server = ChatServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
