"""What the intake remembers for who asks why nothing arrives: enough to help, and no secret."""

from pathlib import Path
from typing import Any

import grpc.aio
import httpx
import pytest

from quarterdeck.errors import Invalid, Unauthorized
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.receive.recent import NOBODY, Recent, meant_path
from receive.receiver import make_receiver, serving, trace_request

T0 = 1_790_000_000 * NS_PER_S
ACME, TWIN = ProjectId("acme"), ProjectId("twin")


class Clock:
    now_ns = T0

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recent(clock: Clock) -> Recent:
    return Recent(now_ns=clock)


def refuse(recent: Recent, **given: Any) -> None:
    usual: dict[str, Any] = {
        "method": "POST", "path": "/v1/traces", "status": 401, "error": Unauthorized("unknown key"),
    }  # fmt: skip
    recent.refused(**{**usual, **given})


def test_counts_are_of_the_last_hour_and_of_ones_own_project(recent: Recent, clock: Clock) -> None:
    recent.accepted(ACME, 10, 1)
    recent.became(ACME, "stored", 6)
    recent.became(ACME, "duplicate", 3)
    recent.accepted(TWIN, 5, 0)
    refuse(recent)
    clock.now_ns += 30 * 60 * NS_PER_S
    recent.accepted(ACME, 7, 0)
    clock.now_ns += 3 * NS_PER_S
    counts = recent.counts([ACME, NOBODY])
    assert (counts.minutes, counts.requests, counts.received, counts.refused) == (31, 2, 17, 1)
    assert counts.outcomes == {"stored": 6, "duplicate": 3, "rejected": 1}
    assert counts.items_per_s == 0.7
    clock.now_ns += 45 * 60 * NS_PER_S
    counts = recent.counts([ACME, NOBODY])
    assert (counts.minutes, counts.received, counts.refused, counts.items_per_s) == (60, 7, 0, 0)


def test_alike_refusals_in_a_row_are_one_and_the_last_twenty_stay(
    recent: Recent, clock: Clock
) -> None:
    for n in range(3):
        clock.now_ns = T0 + n
        refuse(recent)
    [one] = recent.refusals([NOBODY])
    assert (one.times, one.first_ns, one.at_ns) == (3, T0, T0 + 2)
    for n in range(50):
        refuse(recent, path=f"/v1/traces/{n}")
    assert len(recent.refusals([NOBODY])) == 20
    assert recent.counts([NOBODY]).refused == 53


def test_what_a_sender_wrote_is_cut_and_drives_no_terminal(recent: Recent) -> None:
    error = Invalid("the header \x1b[31m says \u202e" + "x" * 10_000)
    refuse(recent, path="/v1/" + "\n" * 10_000, method="P" * 500, error=error)
    [one] = recent.refusals([NOBODY])
    for text in (one.path, one.method, one.reason):
        assert text.isprintable()
        assert len(text) <= 201


@pytest.mark.parametrize(
    ("headers", "end"),
    [
        ([(b"authorization", b"Bearer qd_abcdefghijk9f")], "9f"),
        ([(b"X-Api-Key", b"qd_abcdefghijk9f")], "9f"),
        ([("api-key", "qd_abcdefghijk9f")], "9f"),
        ([(b"authorization", b"Basic cWQ6c2VjcmV0c2VjcmV0")], ""),
        ([(b"authorization", b"short9f")], ""),
        ([], ""),
    ],
)
def test_of_a_key_two_characters_are_kept(recent: Recent, headers: Any, end: str) -> None:
    refuse(recent, headers=headers)
    [one] = recent.refusals([NOBODY])
    assert one.key_end == end
    assert "abcdefg" not in repr(one)


def test_a_thousand_projects_do_not_grow_it_and_one_is_seen_by_itself_alone(
    recent: Recent,
) -> None:
    for n in range(1_000):
        refuse(recent, project_id=ProjectId(f"p{n}"))
    assert recent.refusals([ProjectId("p0")]) == []
    assert len(recent.refusals([ProjectId("p999")])) == 1
    assert recent.refusals([ACME, NOBODY]) == []


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/v1/trace", "/v1/traces"),
        ("/v1/traces/", "/v1/traces"),
        ("/v1/traces/v1/traces", "/v1/traces"),
        ("/api/public/otel/v1/traces", ""),
        ("/otlp/v1/logs", "/v1/logs"),
        ("/v1/metric", "/v1/metrics"),
        ("/", "/v1/traces"),
        ("//v1/traces", "/v1/traces"),
        ("/v1", "/v1/traces"),
        ("/v1/traces", ""),
        ("/api/v1/sessions/traces", ""),
        ("/login", ""),
    ],
)
def test_a_path_that_is_nearly_right_tells_the_right_one(path: str, meant: str) -> None:
    assert meant_path(path) == meant


async def test_what_the_wires_refuse_is_remembered_by_whose_it_was(tmp_path: Path) -> None:
    recent = Recent(now_ns=lambda: T0)
    async with serving(make_receiver(tmp_path, recent=recent)) as receiver:
        receiver.local = False
        url = f"{receiver.http}/v1/traces"
        json = {"content-type": "application/json"}
        async with httpx.AsyncClient() as client:
            key = {"authorization": "Bearer qd_project_acme"}
            assert (await client.post(url, content=b"{", headers=json | key)).status_code == 400
            assert (await client.get(url)).status_code == 405
            assert (await client.post(url, content=b"{}", headers=json)).status_code == 401
            sent = trace_request(3).SerializeToString()
            assert (await client.post(url, content=sent, headers=key)).status_code == 200
        async with grpc.aio.insecure_channel(receiver.grpc) as channel:
            export = channel.unary_unary(
                "/opentelemetry.proto.collector.trace.v1.TraceService/Export", None, None
            )
            with pytest.raises(grpc.aio.AioRpcError):
                await export(b"", metadata=(("authorization", "Bearer unknown"),))
    known = recent.refusals([ACME])
    assert [(one.status, one.code) for one in known] == [(400, "malformed")]
    nobodys = {(one.method, one.path, one.status) for one in recent.refusals([NOBODY])}
    assert nobodys == {("GET", "/v1/traces", 405), ("POST", "/v1/traces", 401),
                       ("POST", "gRPC traces", 401)}  # fmt: skip
    assert recent.counts([ACME]).received == 3
