"""Secrets are replaced wherever they stand; counts, code and prose stay as they are."""

import base64
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.errors import Invalid
from quarterdeck.normalize import redact
from quarterdeck.normalize.redact import Pattern, Redactor, secret_kind

RANDOM = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"

# Joined here, so that no scanner takes this file for a leak.
PLANTED = {
    "openai": "sk-" + "proj-" + RANDOM,
    "anthropic": "sk-" + "ant-api03-" + RANDOM,
    "stripe": "sk" + "_live_" + RANDOM,
    "github": "gh" + "p_" + RANDOM,
    "github_fine": "github" + "_pat_" + RANDOM,
    "gitlab": "gl" + "pat-" + RANDOM,
    "aws": "AK" + "IAIOSFODNN7EXAMPLE",
    "slack": "xox" + "b-123456789012-" + RANDOM,
    "google": "AI" + "za" + RANDOM,
    "quarterdeck": "qd" + "_" + RANDOM,
    "huggingface": "hf" + "_" + RANDOM,
    "groq": "gs" + "k_" + RANDOM,
    "langsmith": "ls" + "v2_pt_" + RANDOM,
    "sendgrid": "S" + "G." + RANDOM[:22] + "." + RANDOM,
    "jwt": "ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxMjM0NTY3ODkwIn0." + RANDOM,
    "bearer": "Bearer " + RANDOM,
    "basic": "Basic " + base64.b64encode(b"user:" + RANDOM.encode()).decode(),
    "url": "postgres://bob:" + RANDOM + "@db.example.org/shop",
    "pem": "-----BEGIN RSA PRIVATE KEY-----\n" + RANDOM + "\n-----END RSA PRIVATE KEY-----",
    "webhook": "https://hooks.slack.com/services/T00/B00/" + RANDOM,
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_secret_is_told_by_its_look_wherever_it_stands(name: str) -> None:
    redactor, secret = Redactor(), PLANTED[name]
    core = base64.b64encode(b"user:" + RANDOM.encode()).decode()[8:] if name == "basic" else RANDOM
    if name == "aws":
        core = secret
    inside = [
        secret,
        f"before {secret} after",
        json.dumps({"a": [{"b": secret}]}),
        json.dumps({"outer": json.dumps({"inner": f"x {secret} y"})}),
        f"über '{secret}'",
    ]
    for text in inside:
        assert redactor.might_contain_secret(text.encode()), text
        clean = redactor.redact_text(text)
        assert core not in clean
        assert "[redacted:" in clean
        assert redactor.redact_text(clean) == clean
    assert json.loads(redactor.redact_text(inside[2]))["a"]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('{"password": "hunter2"}', "hunter2"),
        ('{"db": {"Password":"hun\\"ter2"}, "x": 1}', "ter2"),
        (json.dumps({"args": json.dumps({"api_key": "abc"})}), "abc"),
        (json.dumps(json.dumps(json.dumps({"client_secret": "s3"}))), "s3"),
        ("{'authorization': 'whatever'}", "whatever"),
        ("curl -H 'X-Api-Key: 12345678' https://x", "12345678"),
        ("Cookie: session=abcdef\nAccept: */*", "abcdef"),
        ("OPENAI_API_KEY=abc123def", "abc123def"),
        ('client = Client(api_key="k1")', "k1"),
        ('headers=[("authorization", "Token 1234567890")]', "1234567890"),
        ("https://x/y?access_token=1234567890abcdef&z=1", "1234567890abcdef"),
        ('{"password": "cut off by the sen', "cut off"),
    ],
)
def test_a_secret_is_told_by_its_name_in_text(text: str, secret: str) -> None:
    redactor = Redactor()
    assert redactor.might_contain_secret(text.encode())
    assert secret not in redactor.redact_text(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"max_tokens": 4096, "token_count": "12", "tokenizer": "cl100k_base"}',
        '{"token": "Hello"}',
        '{"input_tokens": "12", "total_token": "55555555555555555555"}',
        '{"required": ["password", "email"]}',
        '{"properties": {"password": {"type": "string"}}}',
        "password = get_password()",
        "token = tokens[0]",
        "The secret, he said: basic understanding of bearer instruments.",
        "task-1234567890123456789012 and risk-averse-behaviour-in-2025",
        "sk-estimator-doc-link-toggleable",
        "http://localhost:4400/v1/traces?key=short",
        "time_to_first_token: '0.4'",
        "<REDACTED> [redacted:api_key]",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor().redact_text(text) == text


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("authorization", "authorization"),
        ("http.request.header.authorization", "authorization"),
        ("Proxy-Authorization", "authorization"),
        ("x-api-key", "api_key"),
        ("openaiApiKey", "api_key"),
        ("http.response.header.set-cookie", "cookie"),
        ("db.password", "password"),
        ("aws.secret_access_key", "secret_key"),
        ("clientSecret", "secret"),
        ("access_token", "access_token"),
        ("llm.headers", "headers"),
        ("gen_ai.headers", "headers"),
        ("ai.request.headers.x-anything", "headers"),
        ("langsmith.request.headers", "headers"),
        ("gen_ai.usage.input_tokens", ""),
        ("gen_ai.token.type", ""),
        ("max_tokens", ""),
        ("token_count", ""),
        ("llm.token_count.prompt", ""),
        ("time_to_first_token", ""),
        ("next_page_token", ""),
        ("gen_ai.request.stop_token", ""),
        ("secretary", ""),
        ("keyboard", ""),
        ("session.id", ""),
        ("", ""),
        ("\0" * 500, ""),
    ],
)
def test_names_are_read_by_whole_words(key: str, kind: str) -> None:
    assert secret_kind(key) == kind


def test_values_under_secret_names_are_replaced_at_any_depth() -> None:
    redactor = Redactor()
    assert (
        redactor.redact_value("authorization", ["Bearer x", "y"])
        == ["[redacted:authorization]"] * 2
    )
    assert redactor.redact_value("tool.args", {"n": [{"password": "p"}], "user": "bob"}) == {
        "n": [{"password": "[redacted:password]"}],
        "user": "bob",
    }
    assert redactor.redact_value("llm.headers", {"any": "thing", "n": 1}) == {
        "any": "[redacted:headers]",
        "n": 1,
    }
    assert redactor.redact_value("llm.headers", "None") == "None"
    assert redactor.redact_value("password", {"type": "string"}) == {"type": "string"}


def test_numbers_are_never_touched() -> None:
    redactor = Redactor()
    for key in ("token", "secret", "password", "gen_ai.usage.input_tokens"):
        for value in (7, 0.5, True, None):
            assert redactor.redact_value(key, value) is value
    assert redactor.redact_value("access_token", "12.5") == "12.5"


def test_bytes_are_looked_into() -> None:
    secret = base64.b64encode(f"x {PLANTED['github']}".encode()).decode()
    clean = Redactor().redact_value("k", {"bytes": secret})["bytes"]
    assert base64.b64decode(clean) == b"x [redacted:github_token]"
    assert Redactor().redact_value("k", {"bytes": "/wA="}) == {"bytes": "/wA="}


def test_a_projects_own_patterns_apply_with_their_name() -> None:
    redactor = Redactor([Pattern("employee", r"E-\d{6}"), Pattern("line", "^top: .*$")])
    assert redactor.redact_text("ask E-123456 today") == "ask [redacted:employee] today"
    assert redactor.redact_text("top: it") == "[redacted:line]"
    assert redactor.might_contain_secret(b"\x0a\x08E-123456")
    assert not Redactor([Pattern("employee", r"E-\d{6}")]).might_contain_secret(b"nothing here")


@pytest.mark.parametrize("regex", ["(", "(?=a)", r"(a)\1", "a*", ""])
def test_a_pattern_that_can_not_work_is_refused_with_its_name(regex: str) -> None:
    with pytest.raises(Invalid, match="mine"):
        Redactor([Pattern("mine", regex)])


@given(st.text(max_size=200))
def test_redacting_any_text_gives_text_and_twice_is_once(text: str) -> None:
    redactor = Redactor()
    clean = redactor.redact_text(text)
    assert redactor.redact_text(clean) == clean


@given(
    st.text(alphabet="ab1 \"'\\:,={}[]", max_size=60),
    st.text(alphabet="ab1 \"'\\:,={}[]", max_size=60),
    st.sampled_from(["github", "openai", "aws", "quarterdeck", "slack"]),
)
def test_the_look_at_the_bytes_never_passes_what_redaction_would_find(
    before: str, after: str, name: str
) -> None:
    redactor = Redactor()
    text = f"{before} {PLANTED[name]} {after}"
    assert redactor.might_contain_secret(text.encode())
    # In protobuf the byte before a string is its length: any byte at all.
    assert redactor.might_contain_secret(b"A" + PLANTED[name].encode() + b"\x12")
    assert PLANTED[name] not in redactor.redact_text(text)


HOSTILE = [
    "a" * 100_000,
    "://" * 33_000,
    "a://b:c" * 14_000,
    "sk-" * 33_000,
    "eyJ" * 33_000,
    "eyJ" + "A" * 99_990,
    "-----BEGIN " * 9_000,
    "Bearer " * 14_000,
    "password" * 12_500,
    "\\" * 100_000,
    '\\"' * 50_000,
    "0" * 100_000,
    "a.b-c_" * 16_000,
    " " * 100_000,
    "xoxb-" * 20_000,
]


def test_no_regex_takes_longer_than_50_ms_on_100_000_hostile_characters() -> None:
    regexes = [
        value
        for value in vars(redact).values()
        if hasattr(value, "search") and hasattr(value, "pattern")
    ]
    assert len(regexes) >= 5
    for regex in regexes:
        for hostile in HOSTILE:
            text = hostile if isinstance(regex.pattern, str) else hostile.encode()
            assert min(_seconds(regex, text) for _ in range(3)) <= 0.05, (regex.pattern, text[:20])


def _seconds(regex: object, text: object) -> float:
    began = time.thread_time()
    regex.search(text)  # type: ignore[attr-defined]  # re and re2 alike
    return time.thread_time() - began


@pytest.mark.parametrize(
    "unit", ["token=", 'password":"', "secret='", "cookie:", "api_key=a1b2c3 "]
)
def test_redaction_is_linear_in_hostile_text(unit: str) -> None:
    redactor = Redactor()

    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        spent = []
        for _ in range(3):
            began = time.thread_time()
            redactor.redact_text(text)
            spent.append(time.thread_time() - began)
        return min(spent)

    assert seconds(80_000) <= 12 * seconds(20_000) + 0.02


def test_recorded_traffic_without_secrets_is_left_alone(shared: Path) -> None:
    redactor = Redactor()
    texts = changed = 0
    for file in sorted((shared / "captures").glob("*/*.json"))[:200]:
        for text in _texts(json.loads(file.read_bytes())):
            texts += 1
            clean = redactor.redact_text(text)
            changed += clean != text and "sk-" not in text and "Bearer" not in text
    assert texts > 1_000
    assert changed <= texts / 100


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if len(value) < 20_000 else []
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return []
