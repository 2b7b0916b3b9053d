"""`quarterdeck doctor` finds what stands between an agent and its sessions, and what to do."""

import json
import os
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from cli.conftest import Run
from cli.real_server import serving
from cli.servers_between import SomethingElse, listening, passing_to, pointing_to
from quarterdeck.sdk.diagnosis.check import CHECKS, Check
from quarterdeck.sdk.diagnosis.credentials import Identity
from quarterdeck.sdk.diagnosis.otlp_variables import check_otlp, check_switches
from quarterdeck.sdk.diagnosis.run import diagnose, left_out
from quarterdeck.sdk.diagnosis.situation import Situation
from quarterdeck.sdk.sending.stats import Stats
from quarterdeck.sdk.sending.status import write_status

REPOSITORY = Path(__file__).resolve().parents[2]
HOW_TO = (REPOSITORY / "docs" / "how-to" / "find-out-why-nothing-shows-up.md").read_text()
HERE, GRPC = "http://127.0.0.1:4400", "http://127.0.0.1:4317"
GENERAL, TRACES = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
PROTOCOL, HEADERS = "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_HEADERS"
WIRES = ("http_protobuf", "http_json", "grpc")

pytestmark = pytest.mark.real_server


class Server(NamedTuple):
    url: str
    grpc_port: int


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("doctor") / "data"
    with serving(data) as url:
        yield Server(url, grpc_port_in(data))


def grpc_port_in(data: Path) -> int:
    told = re.search(r"gRPC is at 127\.0\.0\.1:(\d+)", data.with_suffix(".log").read_text())
    assert told is not None
    return int(told[1])


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("OTEL_", "QUARTERDECK_")):
            monkeypatch.delenv(name)


def key(server: Server, *scopes: str) -> str:
    made = httpx.post(
        f"{server.url}/api/v1/keys", json={"name": "test", "scopes": scopes}, trust_env=False
    )
    assert made.status_code in {200, 201}, made.text
    return str(made.json()["secret"])


def examined(
    url: str, server: Server, *, probe: bool = True, **told: Any
) -> dict[str, list[Check]]:
    """Checks by name."""
    situation = Situation(url=url, **{"grpc_port": server.grpc_port, "wait_s": 10.0, **told})
    found: dict[str, list[Check]] = {}
    for check in diagnose(situation, probe=probe):
        found.setdefault(check.name, []).append(check)
    return found


def sessions(server: Server) -> list[dict[str, Any]]:
    found = httpx.get(f"{server.url}/api/v1/sessions?q=tag:doctor", trust_env=False).json()
    return list(found["sessions"])


# -- the whole way -------------------------------------------------------------------------------


def test_a_probe_goes_the_whole_way_and_leaves_nothing(run: Run, server: Server) -> None:
    told = {"QUARTERDECK_URL": server.url, "QUARTERDECK_GRPC_PORT": str(server.grpc_port)}
    shown = run("doctor", **told).stdout
    for name in (*WIRES, "read_back", "attributes", "cleanup", "key", "clock"):
        assert f"✓ {name.replace('_', ' ')}" in shown
    assert "all 86 attributes came back as they were sent" in shown
    assert "What is sent shows up." in shown
    assert sessions(server) == []


def test_json_tells_every_check_and_the_exit_code_whether_one_failed(
    run: Run, server: Server
) -> None:
    told = {"QUARTERDECK_URL": server.url, "QUARTERDECK_GRPC_PORT": str(server.grpc_port)}
    body = json.loads(run("doctor", "--json", **told).stdout)
    assert body["ok"] is True
    assert body["not_checked"] == []
    names = [check["name"] for check in body["checks"]]
    assert set(names) <= set(CHECKS)
    assert sorted(dict.fromkeys(names), key=list(CHECKS).index) == list(dict.fromkeys(names))
    wrong = json.loads(
        run("doctor", "--json", expect=1, QUARTERDECK_URL="http://127.0.0.1:9").stdout
    )
    assert wrong["ok"] is False
    assert wrong["checks"][0]["verdict"] == "fail"
    assert "read_back" in wrong["not_checked"]


def test_without_a_probe_nothing_is_sent(server: Server) -> None:
    before = httpx.get(f"{server.url}/metrics", trust_env=False).text
    found = examined(server.url, server, probe=False)
    after = httpx.get(f"{server.url}/metrics", trust_env=False).text
    assert not found.keys() & {*WIRES, "read_back", "cleanup"}
    requests = re.compile(r"^quarterdeck_requests_total.*$", re.MULTILINE)
    assert requests.findall(before) == requests.findall(after)


# -- the address ---------------------------------------------------------------------------------


def test_a_port_where_nothing_listens(server: Server) -> None:
    [address] = examined("http://127.0.0.1:9", server)["address"]
    assert address.verdict == "fail"
    assert "nothing listens at 127.0.0.1:9" in address.seen
    assert "QUARTERDECK_URL" in address.next_step


@pytest.mark.parametrize(
    ("url", "next_step"),
    [
        ("127.0.0.1:4400", "export QUARTERDECK_URL=http://"),
        ("http://[::1", "export QUARTERDECK_URL=http://"),
        ("http://127.0.0.1:4400/v1/traces", "export QUARTERDECK_URL=http://127.0.0.1:4400"),
        ("http://no-such-host.invalid:4400", "QUARTERDECK_URL"),
    ],
)
def test_an_address_that_can_not_be_right(server: Server, url: str, next_step: str) -> None:
    found = examined(url, server)
    assert found["address"][0].verdict == "fail"
    assert next_step in found["address"][0].next_step
    assert {"limits", "sdk_processes", "instrumentation"} <= found.keys()


def test_something_else_at_the_address(server: Server) -> None:
    with listening(SomethingElse) as url:
        [found] = examined(url, server)["server"]
    assert found.verdict == "fail"
    assert "is not a Quarterdeck" in found.seen
    assert "SimpleHTTP" in found.seen


def test_a_redirect_is_told_and_not_followed(server: Server) -> None:
    with listening(pointing_to(f"{server.url}/readyz")) as url:
        [found] = examined(url, server)["server"]
    assert found.verdict == "fail"
    assert f"points elsewhere: '{server.url}/readyz'" in found.seen


def test_the_port_of_grpc_in_place_of_http(server: Server) -> None:
    [found] = examined(f"http://127.0.0.1:{server.grpc_port}", server)["server"]
    assert found.verdict == "fail"
    assert "gRPC" in found.next_step


def test_https_where_plain_http_is_spoken(server: Server) -> None:
    [found] = examined(server.url.replace("http:", "https:"), server)["server"]
    assert found.verdict == "fail"
    assert found.next_step.endswith(f"export QUARTERDECK_URL={server.url}")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_plain_http_where_tls_is_spoken_and_a_certificate_of_ones_own(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = tmp_path / "own.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
            "-keyout", certificate, "-out", certificate.with_suffix(".crt"),
            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.with_suffix(".crt"), certificate)
    with listening(passing_to(server.url), tls=context) as url:
        [plain] = examined(url.replace("https:", "http:"), server)["server"]
        assert plain.next_step == f"It speaks TLS: export QUARTERDECK_URL={url}"
        [distrusted] = examined(url, server)["server"]
        assert "SSL_CERT_FILE" in distrusted.next_step
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
        [trusted] = examined(url, server, probe=False)["server"]
        assert trusted.verdict == "ok"


def test_a_proxy_of_the_environment_is_named_without_its_password(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://user:s3cret@127.0.0.1:9")
    found = examined("http://quarterdeck.example:4400", server)
    [address], [answer] = found["address"], found["server"]
    assert (address.verdict, answer.verdict) == ("warn", "fail")
    assert "through the proxy http://127.0.0.1:9" in address.seen
    assert "NO_PROXY=quarterdeck.example" in answer.next_step
    assert "s3cret" not in f"{address} {answer}"


@pytest.mark.parametrize(("ahead_s", "verdict"), [(60.0, "warn"), (-7200.0, "fail")])
def test_a_clock_that_is_off(server: Server, ahead_s: float, verdict: str) -> None:
    with listening(passing_to(server.url, ahead_s=ahead_s)) as url:
        found = examined(url, server, probe=False)
    [clock] = found["clock"]
    assert clock.verdict == verdict
    assert ("ahead" if ahead_s > 0 else "behind") in clock.seen
    assert "1.1 tests" in found["server"][0].seen


def test_spans_that_are_accepted_and_never_arrive(server: Server) -> None:
    with listening(passing_to(server.url, swallows=True)) as url:
        found = examined(url, server, wait_s=0.5, grpc_port=9)
    assert found["http_protobuf"][0].verdict == "ok"
    assert found["read_back"][0].verdict == "fail"
    assert "nothing came back" in found["read_back"][0].seen


# -- the key -------------------------------------------------------------------------------------


def test_a_wrong_key_is_told_and_never_printed(run: Run, server: Server) -> None:
    secret = "qd_" + "k3y" * 14
    done = run("doctor", expect=1, QUARTERDECK_URL=server.url, QUARTERDECK_API_KEY=secret)
    assert "✗ key" in done.stdout
    assert "quarterdeck keys create" in done.stdout
    for said in (done.stdout, done.stderr):
        assert secret not in said
        assert "k3yk3y" not in said


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        (" qd_x", "white space"),
        ("qd_x\n", "white space"),
        ("'qd_x'", "quotes"),
        ("Bearer qd_x", "Bearer"),
        ("qd_x\nqd_x", "characters"),
        ("qd_x\u00e9", "characters"),
    ],
)
def test_a_key_that_was_copied_badly(server: Server, spoilt: str, why: str) -> None:
    checks = examined(server.url, server, api_key=spoilt)
    [found] = checks["key"]
    assert found.verdict == "fail"
    assert why in found.seen
    assert "qd_x" not in str(checks)


def test_a_key_that_may_only_read(server: Server) -> None:
    found = examined(server.url, server, api_key=key(server, "read"))
    assert found["may_send"][0].verdict == "fail"
    assert "--scope ingest" in found["may_send"][0].next_step
    assert [found[wire][0].verdict for wire in WIRES] == ["fail"] * 3
    assert "403" in found["http_json"][0].seen
    assert "read_back" not in found


def test_a_key_that_may_only_send_is_enough_for_an_agent(server: Server) -> None:
    sender = key(server, "ingest")
    found = examined(server.url, server, api_key=sender)
    assert [found[wire][0].verdict for wire in WIRES] == ["ok"] * 3
    assert found["may_read"][0].verdict == "unknown"
    assert not found.keys() & {"read_back", "arrivals", "sessions"}


def test_without_the_right_to_delete_one_marked_session_stays(server: Server) -> None:
    may = key(server, "ingest", "read")
    for _ in range(2):
        found = examined(server.url, server, api_key=may)
        assert found["read_back"][0].verdict == "ok"
        assert "'quarterdeck-doctor' stays" in found["cleanup"][0].seen
    [session] = sessions(server)
    assert session["session_id"] == "quarterdeck-doctor"
    assert session["experiment"] is True
    assert len(session["trace_ids"]) >= 2


# -- what is refused -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server with an account, so that keys are needed, and low limits; and a key."""
    data = tmp_path_factory.mktemp("strict") / "data"
    limits = {"QUARTERDECK_MAX_BODY_BYTES": "1024", "QUARTERDECK_MAX_ITEMS_PER_S": "0.1"}
    plain = {name: value for name, value in os.environ.items() if "QUARTERDECK_" not in name}
    with serving(data, environment={**plain, **limits}) as url:
        server = Server(url, grpc_port_in(data))
        every = key(server, "ingest", "read", "write", "admin", "metrics")
        account = {"email": "owner@example.org", "password": "four random words here"}
        made = httpx.post(
            f"{url}/api/v1/accounts", json={**account, "owner": True}, trust_env=False
        )
        assert made.status_code in {200, 201}, made.text
        yield server, every


def test_an_intake_that_refuses_is_told_with_the_setting(strict: tuple[Server, str]) -> None:
    server, every = strict
    found = examined(server.url, server, api_key=every)
    large, first, second = (found[wire][0] for wire in WIRES)
    assert (large.verdict, first.verdict, second.verdict) == ("fail", "ok", "fail")
    assert "413" in large.seen
    assert "QUARTERDECK_MAX_BODY_BYTES" in large.next_step
    assert "items a second" in second.seen
    assert found["read_back"][0].verdict == "ok"
    assert "attributes" not in found
    assert "1 requests refused with too_large" in found["intake"][0].seen


def test_a_server_that_wants_a_key_and_gets_none(strict: tuple[Server, str]) -> None:
    server, every = strict
    found = examined(server.url, server)
    assert found["key"][0].verdict == "fail"
    assert "QUARTERDECK_API_KEY is not set" in found["key"][0].seen
    environment = {GENERAL: server.url}
    [headers] = examined(server.url, server, api_key=every, environment=environment, probe=False)[
        "otlp_headers"
    ]
    assert headers.verdict == "fail"
    assert f"{HEADERS} is not set" in headers.seen
    environment[HEADERS] = f"authorization=Bearer%20{every}"
    [headers] = examined(server.url, server, api_key=every, environment=environment, probe=False)[
        "otlp_headers"
    ]
    assert headers.verdict == "ok"
    assert every not in headers.seen + headers.next_step


def test_limits_of_the_environment_take_effect_on_the_probe(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "20")
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100")
    found = examined(server.url, server, environment=dict(os.environ))
    assert {check.next_step for check in found["limits"]} == {
        "unset OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "unset OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    }
    assert found["attributes"][0].verdict == "warn"
    assert "66 of 86 dropped" in found["attributes"][0].seen


# -- the environment -----------------------------------------------------------------------------

KEY = {HEADERS: "authorization=Bearer%20qd_good"}
Told = dict[str, str]


def otlp(environment: Told, me: Identity | None = None) -> Mapping[str, Check]:
    def identify(key: str) -> Identity | str:
        known = {
            "qd_good": Identity(project="acme", scopes=frozenset({"ingest"})),
            "qd_twin": Identity(project="twin", scopes=frozenset({"ingest"})),
            "qd_read": Identity(project="acme", scopes=frozenset({"read"})),
        }
        return known.get(key, "unknown key")

    situation = Situation(url=HERE, environment=environment)
    found = check_otlp(situation, me or Identity(project="acme"), identify=identify)
    return {check.name: check for check in found}


@pytest.mark.parametrize(
    ("environment", "name", "verdict", "said"),
    [
        ({}, "otlp_endpoint", "ok", "is not set"),
        ({GENERAL: HERE, **KEY}, "otlp_endpoint", "ok", "points here"),
        ({GENERAL: "http://localhost:4400/", **KEY}, "otlp_endpoint", "ok", "points here"),
        ({GENERAL: HERE, **KEY}, "otlp_headers", "ok", "'acme'"),
        ({TRACES: f"{HERE}/v1/traces", **KEY}, "otlp_endpoint", "ok", "points here"),
        ({GENERAL: "http://other:4318"}, "otlp_endpoint", "warn", f"export {GENERAL}={HERE}"),
        ({GENERAL: "http://127.0.0.1:4318"}, "otlp_endpoint", "warn", "127.0.0.1:4318"),
        ({GENERAL: "127.0.0.1:4400"}, "otlp_endpoint", "fail", "no scheme"),
        ({GENERAL: "https://127.0.0.1:4400"}, "otlp_endpoint", "fail", "says https"),
        ({GENERAL: f"{HERE}/v1/traces"}, "otlp_endpoint", "fail", "once more"),
        ({TRACES: HERE}, "otlp_endpoint", "fail", f"export {TRACES}={HERE}/v1/traces"),
        ({GENERAL: HERE, PROTOCOL: "grpc"}, "otlp_protocol", "fail", "port of HTTP"),
        ({GENERAL: GRPC, PROTOCOL: "http/json"}, "otlp_protocol", "fail", "port of gRPC"),
        ({GENERAL: GRPC, PROTOCOL: "grpc"}, "otlp_protocol", "ok", "4317"),
        ({GENERAL: HERE, PROTOCOL: "http"}, "otlp_protocol", "fail", "http/protobuf"),
        ({PROTOCOL: "protobuf"}, "otlp_protocol", "fail", "http/protobuf"),
        ({GENERAL: HERE}, "otlp_headers", "fail", "QUARTERDECK_API_KEY"),
        ({GENERAL: HERE, HEADERS: "authorization: Bearer qd_good"}, "otlp_headers", "fail", "="),
        ({GENERAL: HERE, HEADERS: "authorization=Bearer qd_good"}, "otlp_headers", "ok", "acme"),
        ({GENERAL: HERE, HEADERS: "x-api-key=qd_bad"}, "otlp_headers", "fail", "not accepted"),
        ({GENERAL: HERE, HEADERS: "x-api-key=qd_read"}, "otlp_headers", "fail", "ingest"),
        ({GENERAL: HERE, HEADERS: "x-api-key=qd_twin"}, "otlp_headers", "warn", "'twin'"),
    ],
)  # fmt: skip
def test_variables_that_point_elsewhere_or_can_not_work(
    environment: Told, name: str, verdict: str, said: str
) -> None:
    check = otlp(environment)[name]
    assert check.verdict == verdict, check
    assert said in f"{check.seen} {check.next_step}"
    assert "qd_" not in f"{check.seen} {check.next_step}"


def test_no_key_is_needed_in_local_mode() -> None:
    check = otlp({GENERAL: HERE}, Identity(local_mode=True))["otlp_headers"]
    assert check.verdict == "ok"


@pytest.mark.parametrize(
    ("environment", "verdict"),
    [
        ({"OTEL_SDK_DISABLED": "true"}, "fail"),
        ({"QUARTERDECK_ENABLED": "0"}, "fail"),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, "fail"),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}, "warn"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "warn"),
        ({"OPENINFERENCE_HIDE_INPUTS": "true"}, "warn"),
        ({"TRACELOOP_TRACE_CONTENT": "false"}, "warn"),
        ({"OTEL_TRACES_SAMPLER": "always_on", "OTEL_SDK_DISABLED": "false"}, "ok"),
    ],
)
def test_what_switches_reporting_off_is_named(environment: Told, verdict: str) -> None:
    [check] = check_switches(environment)
    assert check.verdict == verdict
    if verdict != "ok":
        assert any(name in check.next_step for name in environment)


def test_an_endpoint_elsewhere_is_told_without_its_password(run: Run, server: Server) -> None:
    done = run(
        "doctor", "--no-probe", "--json", QUARTERDECK_URL=server.url,
        OTEL_EXPORTER_OTLP_ENDPOINT="https://user:s3cret@collector.example:4318",
    )  # fmt: skip
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["otlp_endpoint"]["verdict"] == "warn"
    assert "https://collector.example:4318" in checks["otlp_endpoint"]["seen"]
    assert "s3cret" not in done.stdout


# -- what this machine and the server know -------------------------------------------------------


def test_what_processes_with_the_sdk_dropped_is_told(server: Server, tmp_path: Path) -> None:
    def found() -> list[Check]:
        told = examined(server.url, server, probe=False, status_folder=tmp_path)
        return told["sdk_processes"]

    assert found()[0].verdict == "unknown"
    write_status(tmp_path, url="http://elsewhere:4400", service="mill", stats=Stats(sent=3))
    [elsewhere] = found()
    assert (elsewhere.verdict, elsewhere.next_step) == (
        "warn",
        f"Where the agent starts: export QUARTERDECK_URL={server.url}",
    )
    write_status(tmp_path, url=server.url, service="mill", stats=Stats(sent=3))
    assert found()[0].verdict == "ok"
    stats = Stats(sent=3, dropped={"queue_full": 17}, spool_bytes=4096)
    write_status(tmp_path, url=server.url, service="mill", stats=stats)
    [check] = found()
    assert check.verdict == "warn"
    assert "mill" in check.seen
    assert "17 queue_full" in check.seen
    assert "4 KiB wait on disk" in check.seen


def send_from(server: Server, *scopes: str, limits: SpanLimits | None = None, **said: str) -> None:
    provider = TracerProvider(shutdown_on_exit=False, span_limits=limits)
    exporter = OTLPSpanExporter(endpoint=f"{server.url}/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for scope in scopes:
        with provider.get_tracer(scope).start_as_current_span("work", attributes=said):
            pass
    provider.shutdown()


def test_what_arrived_and_nobody_recognized_is_told_by_library(server: Server) -> None:
    arrived = examined(server.url, server, probe=False)["arrivals"]
    assert [check.verdict for check in arrived] == ["warn"]
    assert "nothing but this command's own spans" in arrived[0].seen
    send_from(server, "acme.mill", grain="rye")
    send_from(
        server,
        "openinference.instrumentation.openai",
        "opentelemetry.instrumentation.openai_v2",
        limits=SpanLimits(max_span_attributes=1),
        **{"openinference.span.kind": "LLM", "gen_ai.operation.name": "chat"},
    )
    said = [check.seen for check in wait_for_arrivals(server, 3)]
    assert any("acme.mill speak no dialect" in line for line in said)
    assert any("openai is told of by openinference" in line for line in said)
    assert any("dropped 1 attribute " in line for line in said)


def wait_for_arrivals(server: Server, scopes: int) -> list[Check]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        told = httpx.get(f"{server.url}/api/v1/received", trust_env=False).json()["scopes"]
        if len([one for one in told if one["scope"] != "quarterdeck.doctor"]) >= scopes:
            break
        time.sleep(0.05)
    return examined(server.url, server, probe=False)["arrivals"]


# -- what is promised ----------------------------------------------------------------------------


def test_every_check_is_in_the_page_about_it() -> None:
    told = re.findall(r"^\| `(\w+)` \|", HOW_TO, re.MULTILINE)
    assert told == list(CHECKS)


def test_a_check_that_fails_by_itself_hides_no_other(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quarterdeck.sdk.diagnosis import run as order

    def broken(_: object) -> Iterator[Check]:
        yield from (1 // 0 for _ in range(1))  # type: ignore[misc]  # it never yields

    monkeypatch.setattr(order, "check_limits", broken)
    found = examined(server.url, server, probe=False)
    assert found["limits"][0].verdict == "unknown"
    assert "ZeroDivisionError" in found["limits"][0].seen
    assert "sessions" in found
    assert left_out([check for checks in found.values() for check in checks]) == [
        *WIRES,
        "read_back",
        "attributes",
        "cleanup",
    ]
