"""
Servers of other products, as far as the migration pages' scripts read them.

Doubles of ours, on a loopback port: they answer the addresses that a script asks, page by page,
with what a test gives them, and 404 to all else.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]
PAGE = 2
"""Objects of a page, so that every script has to turn one."""


class Asked(NamedTuple):
    method: str
    path: str
    query: dict[str, list[str]]
    body: Any

    def number(self, name: str, default: int) -> int:
        return int(self.query.get(name, [str(default)])[0])


Answers = Callable[[Asked], Any]
"""None: not found.  Bytes go out as they are, all else as JSON."""


@contextmanager
def answering(answers: Answers) -> Iterator[str]:
    """Its address: "http://127.0.0.1:40123"."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            url = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(text) if text else None
            found = answers(Asked(self.command, url.path, parse_qs(url.query), body))
            given = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(given)))
            self.end_headers()
            self.wfile.write(given)

        do_GET = do_POST = _answer  # noqa: N815 - as the library calls them

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def langsmith(project: Object, runs: Sequence[Object], feedback: Sequence[Object]) -> Answers:
    def answer(asked: Asked) -> Any:
        start = asked.number("offset", 0)
        match asked.method, asked.path:
            case "GET", "/api/v1/sessions":
                return [project][start : start + PAGE]
            case "POST", "/api/v1/runs/query":
                assert asked.body["session"] == [project["id"]]
                at = int(asked.body["cursor"] or 0)
                after = str(at + PAGE) if at + PAGE < len(runs) else None
                return {"runs": runs[at : at + PAGE], "cursors": {"next": after}}
            case "GET", "/api/v1/feedback":
                mine = [one for one in feedback if one["run_id"] in asked.query["run"]]
                return mine[start : start + PAGE]
        return None

    return answer


def langfuse(observations: Sequence[Object], scores: Sequence[Object]) -> Answers:
    def answer(asked: Asked) -> Any:
        listed = {"v2/observations": observations, "v3/scores": scores}
        found = listed.get(asked.path.removeprefix("/api/public/"))
        if found is None:
            return None
        at = int(asked.query.get("cursor", ["0"])[0])
        meta = {"limit": PAGE} | ({"cursor": str(at + PAGE)} if at + PAGE < len(found) else {})
        return {"data": found[at : at + PAGE], "meta": meta}

    return answer


def opik(project: str, objects: dict[str, Sequence[Object]]) -> Answers:
    """`objects`: the traces and the spans."""

    def answer(asked: Asked) -> Any:
        *_, kind, verb = asked.path.split("/")
        if asked.method == "GET" and verb == "projects":
            return {"content": [{"name": project}] if asked.number("page", 1) == 1 else []}
        if verb != "search":
            return None
        assert asked.body["project_name"] == project
        ids = [one["id"] for one in objects[kind]]
        last = asked.body["last_retrieved_id"]
        at = 0 if last is None else ids.index(last) + 1
        return b"".join(json.dumps(one).encode() + b"\n" for one in objects[kind][at : at + PAGE])

    return answer


def mlflow(traces: Sequence[Object]) -> Answers:
    """`traces`: each as `traces/get` tells it."""

    def answer(asked: Asked) -> Any:
        if asked.path == "/api/3.0/mlflow/traces/search":
            at = int(asked.body["page_token"] or 0)
            found = {"traces": [trace["trace_info"] for trace in traces[at : at + PAGE]]}
            more = at + PAGE < len(traces)
            return found | ({"next_page_token": str(at + PAGE)} if more else {})
        if asked.path == "/api/3.0/mlflow/traces/get":
            (named,) = asked.query["trace_id"]
            return next(
                ({"trace": one} for one in traces if one["trace_info"]["trace_id"] == named), None
            )
        return None

    return answer


def phoenix(project: str, spans: Sequence[Object], annotations: Sequence[Object]) -> Answers:
    def answer(asked: Asked) -> Any:
        base, _, what = asked.path.rpartition("/")
        if base != f"/v1/projects/{project}" or asked.method != "GET":
            return None
        if what == "spans":
            at = int(asked.query.get("cursor", ["0"])[0])
            after = str(at + PAGE) if at + PAGE < len(spans) else None
            return {"data": spans[at : at + PAGE], "next_cursor": after}
        mine = [one for one in annotations if one["span_id"] in asked.query["span_ids"]]
        return {"data": mine, "next_cursor": None} if what == "span_annotations" else None

    return answer
