"""
Where do the OpenTelemetry exporters of this environment send to, and how?

From the variables of the specification (OpenTelemetry 1.50, "OTLP exporter configuration"): the
one for traces wins over the general one; to the general endpoint `/v1/traces` is added, the one
for traces is used as it stands.  `qd.init()` reads none of them but OTEL_SDK_DISABLED.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from quarterdeck.sdk.diagnosis.check import Check, fail, ok, unknown, warn
from quarterdeck.sdk.diagnosis.credentials import Identity
from quarterdeck.sdk.diagnosis.situation import Situation, port_of, same_host
from quarterdeck.sdk.sending.status import without_credentials

PROTOCOLS = ("http/protobuf", "http/json", "grpc")
KEY_HEADERS = frozenset({"authorization", "x-api-key", "api-key"})
ENDPOINT, TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
PROTOCOL, TRACES_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
HEADERS, TRACES_HEADERS = "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"

_NO = frozenset({"false", "0", "no", "off"})


class Told(NamedTuple):
    """A variable and what it says; both empty if none of them is set."""

    variable: str
    value: str


def told(environment: Mapping[str, str], *names: str) -> Told:
    """The first that is set and not empty."""
    for name in names:
        if value := environment.get(name, "").strip():
            return Told(name, value)
    return Told("", "")


def check_switches(environment: Mapping[str, str]) -> Iterator[Check]:
    """What turns reporting off, thins it out, or leaves the messages away."""
    found = [*_off(environment), *_thinned(environment), *_without_content(environment)]
    yield from found
    if not found:
        yield ok("sdk_switch", "no variable here switches reporting off or leaves content away")


def _off(environment: Mapping[str, str]) -> Iterator[Check]:
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        yield fail(
            "sdk_switch",
            "OTEL_SDK_DISABLED=true: every OpenTelemetry SDK here, qd.init() included, is off",
            "unset OTEL_SDK_DISABLED",
        )
    if environment.get("QUARTERDECK_ENABLED", "").strip().lower() in _NO:
        yield fail(
            "sdk_switch",
            f"QUARTERDECK_ENABLED={environment['QUARTERDECK_ENABLED']}: qd.init() does nothing",
            "unset QUARTERDECK_ENABLED",
        )


def _thinned(environment: Mapping[str, str]) -> Iterator[Check]:
    sampler = environment.get("OTEL_TRACES_SAMPLER", "").strip().lower()
    if sampler.endswith("always_off"):
        yield fail(
            "sdk_switch",
            f"OTEL_TRACES_SAMPLER={sampler}: no trace is recorded",
            "unset OTEL_TRACES_SAMPLER",
        )
    elif "ratio" in sampler:
        share = environment.get("OTEL_TRACES_SAMPLER_ARG", "").strip() or "1.0"
        if share not in {"1", "1.0"}:
            yield warn(
                "sdk_switch",
                f"OTEL_TRACES_SAMPLER={sampler} with OTEL_TRACES_SAMPLER_ARG={share}: only that "
                "share of the traces is recorded, so sessions have holes",
                "unset OTEL_TRACES_SAMPLER",
            )
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporter and "otlp" not in exporter:
        yield warn(
            "sdk_switch",
            f"OTEL_TRACES_EXPORTER={exporter}: agents started with opentelemetry-instrument "
            "send no spans over OTLP",
            "export OTEL_TRACES_EXPORTER=otlp",
        )


def _without_content(environment: Mapping[str, str]) -> Iterator[Check]:
    for name, hides in (
        ("QUARTERDECK_CAPTURE_CONTENT", _NO),
        ("TRACELOOP_TRACE_CONTENT", _NO),
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", _NO | {"no_content"}),
        ("OPENINFERENCE_HIDE_INPUTS", {"true", "1"}),
        ("OPENINFERENCE_HIDE_OUTPUTS", {"true", "1"}),
    ):
        value = environment.get(name, "").strip().lower()
        if value in hides:
            yield warn(
                "sdk_switch",
                f"{name}={value}: sessions arrive without what was said",
                f"If that is not wanted: unset {name}",
            )


def check_otlp(
    situation: Situation,
    me: Identity | None,
    *,
    identify: Callable[[str], Identity | str],
) -> Iterator[Check]:
    """
    `me` is who the situation's key stands for, None if that is not known; `identify` tells it of
    another key, or why it stands for nobody.
    """
    environment = situation.environment
    endpoint = told(environment, TRACES_ENDPOINT, ENDPOINT)
    protocol = told(environment, TRACES_PROTOCOL, PROTOCOL)
    if not endpoint.value:
        yield from _unset(protocol)
        return
    here = _points_here(endpoint, situation)
    if here is None:
        yield fail(
            "otlp_endpoint",
            f"{endpoint.variable}={_shown(endpoint)} names no host",
            f"export {ENDPOINT}={without_credentials(situation.url)}",
        )
        return
    if not here:
        yield warn(
            "otlp_endpoint",
            f"{endpoint.variable} points at {_shown(endpoint)}: OpenTelemetry exporters of this "
            f"environment send there and not to {without_credentials(situation.url)} (qd.init() "
            "does not read it)",
            f"If they should report here: export {ENDPOINT}={without_credentials(situation.url)}",
        )
        return
    yield from _form(situation, endpoint, protocol)
    yield from _protocol(situation, endpoint, protocol)
    yield from _headers(situation, me, identify)


def _unset(protocol: Told) -> Iterator[Check]:
    yield ok(
        "otlp_endpoint",
        f"{ENDPOINT} is not set: qd.init() does not need it, other OpenTelemetry SDKs do",
    )
    if protocol.value and protocol.value.lower() not in PROTOCOLS:
        yield _no_protocol(protocol)


def _points_here(endpoint: Told, situation: Situation) -> bool | None:
    """None: it is no address."""
    value = endpoint.value if "//" in endpoint.value else f"//{endpoint.value}"
    try:
        host = urlsplit(value).hostname or ""
        port = urlsplit(value).port or port_of(endpoint.value)
    except ValueError:
        return None
    if not host:
        return None
    ours = {situation.port, situation.grpc_port}
    return same_host(host, situation.host) and (port in ours or not port)


def _form(situation: Situation, endpoint: Told, protocol: Told) -> Iterator[Check]:
    """Scheme and path, for exporters over HTTP."""
    parts = urlsplit(endpoint.value)
    base = without_credentials(situation.url)
    if protocol.value.lower() == "grpc":
        yield ok("otlp_endpoint", f"{endpoint.variable} points here: {_shown(endpoint)}")
        return
    path = parts.path.rstrip("/")
    if "//" not in endpoint.value:
        yield fail(
            "otlp_endpoint",
            f"{endpoint.variable}={_shown(endpoint)} has no scheme, which exporters over HTTP need",
            f"export {ENDPOINT}={base}",
        )
    elif parts.scheme.lower() != urlsplit(situation.url).scheme.lower():
        yield fail(
            "otlp_endpoint",
            f"{endpoint.variable} says {parts.scheme}, and this server was reached with "
            f"{urlsplit(situation.url).scheme}",
            f"export {ENDPOINT}={base}",
        )
    elif endpoint.variable == TRACES_ENDPOINT and not path.endswith("/v1/traces"):
        yield fail(
            "otlp_endpoint",
            f"{TRACES_ENDPOINT}={_shown(endpoint)} is used as it stands, and no spans are taken "
            "at that path",
            f"export {TRACES_ENDPOINT}={base}/v1/traces",
        )
    elif endpoint.variable == ENDPOINT and path.endswith("/v1/traces"):
        yield fail(
            "otlp_endpoint",
            f"{ENDPOINT}={_shown(endpoint)}: exporters add /v1/traces once more",
            f"export {ENDPOINT}={base}",
        )
    else:
        yield ok("otlp_endpoint", f"{endpoint.variable} points here: {_shown(endpoint)}")


def _protocol(situation: Situation, endpoint: Told, protocol: Told) -> Iterator[Check]:
    if not protocol.value:
        yield ok("otlp_protocol", f"{PROTOCOL} is not set: the exporter's own default counts")
        return
    spoken = protocol.value.lower()
    port = urlsplit(
        endpoint.value if "//" in endpoint.value else f"//{endpoint.value}"
    ).port or port_of(endpoint.value)
    if spoken not in PROTOCOLS:
        yield _no_protocol(protocol)
    elif spoken == "grpc" and port == situation.port != situation.grpc_port:
        yield fail(
            "otlp_protocol",
            f"{protocol.variable}=grpc, and {port} is the port of HTTP",
            f"export {protocol.variable}=http/protobuf",
        )
    elif spoken != "grpc" and port == situation.grpc_port != situation.port:
        yield fail(
            "otlp_protocol",
            f"{protocol.variable}={spoken}, and {port} is the port of gRPC",
            f"export {ENDPOINT}={without_credentials(situation.url)}",
        )
    else:
        yield ok("otlp_protocol", f"{protocol.variable}={spoken}, which {port} speaks")


def _no_protocol(protocol: Told) -> Check:
    return fail(
        "otlp_protocol",
        f"{protocol.variable}={protocol.value[:60]!r} is none of {', '.join(PROTOCOLS)}",
        f"export {protocol.variable}=http/protobuf",
    )


def _headers(
    situation: Situation, me: Identity | None, identify: Callable[[str], Identity | str]
) -> Iterator[Check]:
    """Whether exporters carry a key that this server knows, of the same project."""
    given = told(situation.environment, TRACES_HEADERS, HEADERS)
    pairs, malformed = _pairs(given.value)
    how = f"export {HEADERS}='authorization=Bearer%20'$QUARTERDECK_API_KEY"
    if malformed:
        yield fail(
            "otlp_headers",
            f"{given.variable}: {malformed} of its parts is no name=value (a colon does not do)",
            how,
        )
        return
    keys = [_key(pairs[name]) for name in sorted(KEY_HEADERS & pairs.keys())]
    if not keys:
        if me is not None and me.local_mode:
            yield ok("otlp_headers", "no key is needed in local mode")
        elif me is None:
            yield unknown("otlp_headers", f"{HEADERS} carries no key", how)
        else:
            where = f"{given.variable} carries no key" if given.value else f"{HEADERS} is not set"
            yield fail(
                "otlp_headers",
                f"{where}: OpenTelemetry exporters are refused (qd.init() sends its own key)",
                how,
            )
        return
    yield _judged_key(given, identify(keys[0]), me, how)


def _judged_key(given: Told, theirs: Identity | str, me: Identity | None, how: str) -> Check:
    if isinstance(theirs, str):
        return fail("otlp_headers", f"the key in {given.variable} is not accepted: {theirs}", how)
    if "ingest" not in theirs.scopes:
        return fail("otlp_headers", f"the key in {given.variable} lacks the scope `ingest`", how)
    if me is not None and me.project and me.project != theirs.project:
        return warn(
            "otlp_headers",
            f"the key in {given.variable} is of project {theirs.project!r}, the one in "
            f"QUARTERDECK_API_KEY of {me.project!r}: what one sends the other does not see",
            f"For one project: {how}",
        )
    return ok("otlp_headers", f"{given.variable} carries a key of project {theirs.project!r}")


def _pairs(text: str) -> tuple[dict[str, str], int]:
    """Header -> value, decoded; and how many parts are no pair."""
    found: dict[str, str] = {}
    malformed = 0
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            malformed += 1
            continue
        found[unquote(name).strip().lower()] = unquote(value).strip()
    return found, malformed


def _key(value: str) -> str:
    scheme, _, rest = value.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" and rest else value


def _shown(endpoint: Told) -> str:
    """An endpoint may carry a user and a password: they are left out."""
    return without_credentials(endpoint.value)
