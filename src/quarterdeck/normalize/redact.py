"""
What must not be stored, and what stands in its place.

Secrets are found by what they look like (`sk-…`, a private key, a password in a URL) and by
the name they are under (`authorization`, `x-api-key`, `password`), in attributes, in JSON
inside strings, and in plain text such as a curl command.  The replacement names the kind:
`[redacted:api_key]`.

It refuses to guess: a word that only might be a secret stays.  Token *counts* are the first
thing that a user misses, so no number is ever touched, nor `max_tokens`, `token_count`, or a
streamed `{"token": "Hello"}`.

Every pattern, ours and the user's, runs on RE2, in time linear in the text.  Pure: no I/O.
"""

import base64
import binascii
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import re2

from quarterdeck.errors import Invalid
from quarterdeck.model.spans import Value
from quarterdeck.normalize.hidden import Hidden, Place


class Pattern(NamedTuple):
    """A project's own pattern, in RE2 syntax, on the UTF-8 text of one value."""

    name: str
    regex: str


class _Look(NamedTuple):
    """What one kind of secret looks like.  A `(group)` is the secret, else the whole match."""

    kind: str
    regex: bytes
    confirm: Callable[[bytes], bool] = lambda _found: True


def _has_digit(found: bytes) -> bool:
    return any(48 <= byte <= 57 for byte in found)


def _is_basic_credential(found: bytes) -> bool:
    try:
        return b":" in base64.b64decode(found + b"=" * (-len(found) % 4), validate=True)
    except binascii.Error:
        return False


# Each begins where no letter or digit stands before it, so that `task-…` holds no `sk-…`.
_LOOKS: tuple[_Look, ...] = (
    _Look(
        "private_key",
        # The class stops at a quote, so a key inside JSON ends with its string.
        rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s\\:,-]*",
    ),
    _Look("anthropic_key", rb"sk-ant-[A-Za-z0-9_-]{16,}"),
    _Look("api_key", rb"sk-[A-Za-z0-9_-]{16,}", _has_digit),
    _Look("api_key", rb"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}"),
    _Look("api_key", rb"(?:gsk|hf|r8|npm|fw|nvapi|dapi|shpat|ntn|secret)_[A-Za-z0-9]{28,}"),
    _Look("api_key", rb"(?:xai|pplx|tvly|nvapi|co|key)-[A-Za-z0-9_-]{28,}", _has_digit),
    _Look("api_key", rb"lsv2_[a-z]{2}_[A-Za-z0-9_]{20,}"),
    _Look("api_key", rb"dop_v1_[a-f0-9]{32,}"),
    _Look("api_key", rb"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    _Look("api_key", rb"pypi-[A-Za-z0-9_-]{32,}"),
    _Look("webhook_secret", rb"whsec_[A-Za-z0-9+/=]{16,}"),
    _Look("quarterdeck_key", rb"qd_[A-Za-z0-9_-]{20,}", _has_digit),
    _Look("github_token", rb"gh[pousr]_[A-Za-z0-9]{20,}"),
    _Look("github_token", rb"github_pat_[A-Za-z0-9_]{20,}"),
    _Look("gitlab_token", rb"glpat-[A-Za-z0-9_-]{16,}"),
    _Look("aws_key", rb"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    _Look("slack_token", rb"xox[a-z]-[A-Za-z0-9-]{10,}"),
    _Look("slack_token", rb"xapp-[0-9]-[A-Za-z0-9-]{10,}"),
    _Look("slack_webhook", rb"hooks\.slack\.com/services/[A-Za-z0-9/]{16,}"),
    _Look("google_key", rb"AIza[A-Za-z0-9_-]{30,}"),
    _Look("google_token", rb"ya29\.[A-Za-z0-9_-]{20,}"),
    _Look("google_secret", rb"GOCSPX-[A-Za-z0-9_-]{20,}"),
    _Look("telegram_token", rb"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}"),
    _Look("azure_key", rb"AccountKey=([A-Za-z0-9+/=]{32,})"),
    _Look("jwt", rb"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"),
    _Look("bearer_token", rb"(?i:bearer)(?:\s|%20|\+)+([A-Za-z0-9._~+/=-]{16,})", _has_digit),
    _Look(
        "basic_credential", rb"(?i:basic)(?:\s|%20)+([A-Za-z0-9+/]{8,}={0,2})", _is_basic_credential
    ),
    _Look("password", rb"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@\"'<>]*:([^\s/@\"'<>]+)@"),
    _Look(
        "url_parameter",
        rb"[?&](?i:api[_-]?key|key|(?:access|auth|id|refresh|security)?[_-]?token|client_secret"
        rb"|sig|signature|x-amz-signature|x-amz-security-token)=([^&\s\"'<>\\]{12,})",
        _has_digit,
    ),
)

# What a name may end with for its value to be looked at; `secret_kind` then decides.
_NAME_ENDS = (
    rb"authorization|cookies?|pass(?:word|wd|phrase)s?|secrets?|jwt|api[-_. ]?keys?|token"
    rb"|(?:access|secret|private|signing|encryption|master|account|shared|subscription)"
    rb"[-_. ]?keys?"
)

_HEADER_KINDS = frozenset({"authorization", "cookie", "api_key"})
_SINGLE_WORDS = {
    "authorization": "authorization",
    "cookie": "cookie",
    "cookies": "cookie",
    "password": "password",
    "passwords": "password",
    "passwd": "password",
    "passphrase": "password",
    "secret": "secret",
    "secrets": "secret",
    "apikey": "api_key",
    "apikeys": "api_key",
    "jwt": "jwt",
}
_KEY_WORDS = {
    "api": "api_key",
    **dict.fromkeys(("access", "secret", "signing", "encryption", "master"), "secret_key"),
    **dict.fromkeys(("account", "shared", "subscription"), "secret_key"),
    "private": "private_key",
}
_TOKEN_WORDS = frozenset(
    {
        "access", "refresh", "auth", "authentication", "bearer", "api", "session", "secret",
        "csrf", "xsrf", "jwt", "oauth", "security", "bot", "personal", "github", "gitlab", "slack",
        "hf", "huggingface", "npm", "pypi", "service", "private", "deploy", "vault", "id", "web",
        "identity", "webhook", "discord", "telegram",
    }
)  # fmt: skip
_HEADER_MAPS = frozenset(
    {
        "llm.headers", "gen_ai.headers", "langsmith.request.headers", "gen_ai.request.headers",
        "llm.request.headers", "ai.request.headers",
    }
)  # fmt: skip
_HEADER_PREFIXES = tuple(f"{name}." for name in sorted(_HEADER_MAPS))
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_NOT_SECRET = frozenset({"", "none", "null", "true", "false", "{}", "[]", "n/a", "undefined"})


@functools.lru_cache(maxsize=4096)
def secret_kind(name: str) -> str:
    """
    What is under this name: "" for nothing secret, else the kind.

    `headers` means a whole map of headers; `token` that only the value can tell.  Names are
    read by whole words, so `max_tokens`, `token_count` and `tokenizer` are none.
    """
    lowered = name.lower() if len(name) < 256 else name[-256:].lower()
    if lowered in _HEADER_MAPS or lowered.startswith(_HEADER_PREFIXES):
        return "headers"
    words = [word.lower() for word in _WORD.findall(name[-128:])]
    if not words:
        return ""
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in _SINGLE_WORDS:
        return _SINGLE_WORDS[last]
    if last in ("key", "keys"):
        return _KEY_WORDS.get(before, "")
    if last == "token":
        if before in _TOKEN_WORDS:
            return "access_token"
        # `x.token` and `x-foo-token`; a word before it in the same segment counts things.
        segment = re.split(r"[./:\s]", lowered)[-1]
        return "token" if segment == "token" or segment.startswith("x-") else ""
    return ""


def _is_secret_value(kind: str, text: str) -> bool:
    stripped = text.strip()
    if stripped.lower() in _NOT_SECRET or _is_marker(stripped):
        return False
    if kind == "token":
        return len(stripped) >= 16 and " " not in stripped and any(map(str.isdigit, stripped))
    if kind in ("access_token", "jwt", "api_key", "secret_key"):
        # `time_to_first_token: "0.4"` and the like.
        return len(stripped) >= 8 or not stripped.replace(".", "", 1).isdigit()
    return True


def _is_marker(text: str) -> bool:
    """Whether a sender, or we, have redacted it already."""
    lowered = text.lower().strip("[]<>_ *.")
    return lowered == "" or lowered.startswith(("redacted", "filtered", "hidden", "removed"))


_LATIN1 = re2.Options()
_LATIN1.encoding = re2.Options.Encoding.LATIN1
_LATIN1.log_errors = False
_UTF8 = re2.Options()
_UTF8.log_errors = False

_ANY_LOOK: Any = re2.compile(
    rb"(?:^|[^A-Za-z0-9])(?:" + b"|".join(b"(" + look.regex + b")" for look in _LOOKS) + b")",
    _LATIN1,
)
"""All looks in one pass; `_LOOK_OF_GROUP` tells which one matched."""


def _groups_of_looks() -> dict[int, tuple[_Look, int]]:
    """Number of a look's own group -> the look, and the number of the group that is the secret."""
    groups: dict[int, tuple[_Look, int]] = {}
    number = 1
    for look in _LOOKS:
        inner: int = re2.compile(look.regex, _LATIN1).groups
        groups[number] = (look, number + 1 if inner else number)
        number += 1 + inner
    return groups


_LOOK_OF_GROUP = _groups_of_looks()

_NAMED: Any = re2.compile(
    rb"(?i:(" + _NAME_ENDS + rb"))(\\*[\"'])?\s*(:|=>?|,)\s*[\[(]?\s*(\\*[\"'])?",
    _LATIN1,
)
"""A name that may hold a secret, in JSON, Python, YAML, a header line or an assignment: the
name's end, the quote after it, the sign, the quote before the value."""

_DETECT_OPTIONS = re2.Options()
_DETECT_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_DETECT_OPTIONS.never_capture = True
_DETECT_OPTIONS.log_errors = False
_DETECT: Any = re2.compile(
    b"|".join(look.regex for look in _LOOKS)
    # In protobuf the byte 0x12 follows a key: the tag of its value.
    + rb"|(?i:"
    + _NAME_ENDS
    + rb")(?:\x12|\\*[\"']\s*[:=,]|\s*=)"
    + rb"|(?i:authorization|cookie|api[-_]?key):"
    + rb"|(?:llm|gen_ai|request)\.headers",
    _DETECT_OPTIONS,
)
"""Matches wherever anything below would: no left boundaries, since in protobuf the byte before
a string is its length, which can be a letter."""

_UNQUOTED_END = re.compile(rb"[\s\"'`,;&)\]}<>|\\=]")
_LINE_END = re.compile(rb"[\r\n\"'`]|\\[nr\"']")
_PLAIN_SECRET = re.compile(rb"[A-Za-z0-9._~+/!@#$%^*?:-]{6,512}")
_NAME_BEFORE = re.compile(rb"[A-Za-z0-9_.-]*$")


class Redactor:
    """
    Replaces secrets in texts and values.  Immutable, and safe to share between threads.

    `patterns` are the project's own, after the built-in ones.  Raises `Invalid` for one that
    RE2 does not compile or that matches the empty text.
    """

    def __init__(self, patterns: Sequence[Pattern] = ()) -> None:
        self._own = tuple((pattern.name, _compile_own(pattern)) for pattern in patterns)
        # `^`, `$` and `\b` look at a value's edges, which raw bytes don't show.
        self._looks_at_edges = any(
            re.search(r"[\^$]|\\[bBAz]", pattern.regex) for pattern in patterns
        )

    def might_contain_secret(self, body: bytes) -> bool:
        """
        Whether a body, as protobuf or as JSON without `\\u` escapes, has to be looked into.

        True too often is a cost, false is a promise.  One pass, about 3 us for 1.8 kB.
        """
        if _DETECT.search(body) is not None or self._looks_at_edges:
            return True
        return any(regex.search(body) is not None for _, regex in self._own)

    def redact_text(self, text: str) -> str:
        """The text with its secrets replaced; the same object when there are none."""
        if len(text) < _SHORTEST and not self._own:
            return text
        raw = text.encode("utf-8", "surrogatepass")
        clean = self.redact_bytes(raw)
        return text if clean is raw else clean.decode("utf-8", "surrogatepass")

    def redact_bytes(self, raw: bytes) -> bytes:
        """`redact_text` for UTF-8 bytes; the same object when there is nothing to replace."""
        if _DETECT.search(raw) is not None:
            raw = _replaced(raw, _found_by_name(raw))
            raw = _replaced(raw, _found_by_look(raw))
        for name, regex in self._own:
            raw = _replaced(raw, _found_by_pattern(name, regex, raw))
        return raw

    def explain(self, text: str) -> tuple[str, list[Place]]:
        """
        What `redact_text` makes of it, and which places of the text were hidden.

        Raises `Invalid` once patterns that match what others put in make it too long.
        """
        was = raw = text.encode("utf-8", "surrogatepass")
        hidden = Hidden()
        for find in self._passes():
            found = list(_apart(find(raw)))
            hidden.replaced((s, e, kind, len(_marker(kind))) for s, e, kind in found)
            raw = _replaced(raw, iter(found))
            if len(raw) > len(was) + _MOST_ADDED_BYTES:
                raise Invalid(
                    f"the patterns make the text {len(raw) - len(was)} bytes longer",
                    hint="One matches what another puts in: let them match more than a letter.",
                    code="too_much_replaced",
                )
        return raw.decode("utf-8", "surrogatepass"), hidden.places(was)

    def _passes(self) -> Iterator[Callable[[bytes], Iterator["_Found"]]]:
        yield lambda raw: _found_by_name(raw) if _DETECT.search(raw) is not None else iter(())
        yield lambda raw: _found_by_look(raw) if _DETECT.search(raw) is not None else iter(())
        for name, regex in self._own:
            yield functools.partial(_found_by_pattern, name, regex)

    def redact_value(self, key: str, value: Value) -> Value:
        """An attribute's value; equal to the given one when nothing had to be replaced."""
        kind = secret_kind(key)
        if isinstance(value, str):
            return self.redact_named_text(kind, value)
        if isinstance(value, dict):
            if value.keys() == {"bytes"} and isinstance(value["bytes"], str):
                return {"bytes": self.redact_base64(value["bytes"])}
            under = "headers" if kind == "headers" else ""
            return {
                self.redact_text(name): self._redact_under(under, name, inner)
                for name, inner in value.items()
            }
        if isinstance(value, list):
            return [self.redact_value(key, element) for element in value]
        return value

    def _redact_under(self, kind: str, name: str, value: Value) -> Value:
        if kind and isinstance(value, str):
            return self.redact_named_text(kind, value)
        return self.redact_value(name, value)

    def redact_named_text(self, kind: str, text: str) -> str:
        """A text under a name of this `secret_kind`."""
        if kind and _is_secret_value(kind, text):
            return f"[redacted:{kind}]"
        return self.redact_text(text)

    def redact_base64(self, text: str) -> str:
        """Base64 of bytes: looked into as text, encoded again only if something was found."""
        try:
            raw = base64.b64decode(text, validate=False)
        except (binascii.Error, ValueError):
            return self.redact_text(text)
        clean = self.redact_bytes(raw)
        return text if clean is raw else base64.b64encode(clean).decode("ascii")


_MOST_ADDED_BYTES = 1 << 20
"""By explaining: 60,000 replacements.  Each pass over them could make ten of one."""

_SHORTEST = 8
"""No secret that is told by its look is shorter."""


def _compile_own(pattern: Pattern) -> Any:
    try:
        regex: Any = re2.compile(pattern.regex.encode(), _UTF8)
    except re2.error as error:
        raise Invalid(
            f"the redaction pattern {pattern.name!r} is not RE2: {pattern.regex!r} ({error})",
            hint="RE2 has no look-around and no back-references; "
            "https://github.com/google/re2/wiki/Syntax lists what it has.",
        ) from error
    if regex.match(b"") is not None:
        raise Invalid(
            f"the redaction pattern {pattern.name!r} matches the empty text: {pattern.regex!r}",
            hint="It would stand between any two letters; require at least one.",
        )
    return regex


_Found = tuple[int, int, str]  # [start, end) in bytes, and the kind


def _replaced(raw: bytes, found: Iterator[_Found]) -> bytes:
    pieces: list[bytes] = []
    done = 0
    for start, end, kind in _apart(found):
        pieces += (raw[done:start], _marker(kind))
        done = end
    return b"".join((*pieces, raw[done:])) if done else raw


def _apart(found: Iterator[_Found]) -> Iterator[_Found]:
    """Without those that are empty or overlap an earlier one."""
    done = 0
    for start, end, kind in found:
        if start >= done and end > start:
            yield start, end, kind
            done = end


def _marker(kind: str) -> bytes:
    return b"[redacted:" + kind.encode() + b"]"


def _found_by_pattern(name: str, regex: Any, raw: bytes) -> Iterator[_Found]:
    return ((m.start(), m.end(), name) for m in regex.finditer(raw))


def _found_by_look(raw: bytes) -> Iterator[_Found]:
    for match in _ANY_LOOK.finditer(raw):
        for number, (look, secret) in _LOOK_OF_GROUP.items():
            if match.start(number) < 0:
                continue
            start, end = match.start(secret), match.end(secret)
            if look.confirm(raw[start:end]):
                yield start, end, look.kind
            break


def _found_by_name(raw: bytes) -> Iterator[_Found]:
    """Values under secret names inside text, whatever the text is: JSON, code, headers."""
    position = 0
    while (match := _NAMED.search(raw, position)) is not None:
        position = match.end()
        name_start = _NAME_BEFORE.search(raw[max(0, match.start() - 64) : match.start()])
        prefix = name_start.group() if name_start else b""
        kind = secret_kind((prefix + match.group(1)).decode("latin-1"))
        if not kind:
            continue
        skipped = position
        quote_after, sign, quote_before = match.group(2), match.group(3), match.group(4)
        if quote_before:
            end = _closing_quote(raw, position, quote_before)
            secret = _quoted_is_secret(kind, sign, quote_after, raw[position:end])
        elif sign == b":" and not quote_after and kind in _HEADER_KINDS:
            end = _end_at(_LINE_END, raw, position)
            secret = _plain_is_secret(kind, raw[position:end], header=True)
            # Nothing else can begin before the line ends: not read again, so linear.
            skipped = end
        elif sign == b"=" and not quote_after:
            end = _end_at(_UNQUOTED_END, raw, position)
            secret = _plain_is_secret(kind, raw[position:end], header=False)
        else:
            continue
        if secret:
            yield position, end, kind
            skipped = end
        position = skipped


def _end_at(stop: "re.Pattern[bytes]", raw: bytes, start: int) -> int:
    # Enough for any header; without a bound a hostile text would be read again and again.
    found = stop.search(raw, start, start + 8192)
    return found.start() if found else min(len(raw), start + 8192)


def _closing_quote(raw: bytes, start: int, opening: bytes) -> int:
    r"""Where the string ends that `opening` (a quote behind backslashes) began: JSON inside JSON
    has its quotes behind one, three, seven … backslashes, and inner quotes behind more."""
    quote, escapes = opening[-1:], len(opening) - 1
    position = start
    while (position := raw.find(quote, position)) >= 0:
        backslashes = 0
        while position - backslashes > start and raw[position - backslashes - 1] == 0x5C:
            backslashes += 1
        if backslashes <= escapes or (escapes == 0 and backslashes % 2 == 0):
            return position - backslashes if backslashes <= escapes else position
        position += 1
    return len(raw)  # cut off by the sender: all that is left is the secret


def _quoted_is_secret(kind: str, sign: bytes, quote_after: bytes | None, value: bytes) -> bool:
    text = value.decode("latin-1")
    if sign == b",":
        # ("authorization", "Bearer …") is a header; ["authorization", "host"] only names some.
        return (
            quote_after is not None
            and kind in _HEADER_KINDS
            and len(value) >= 12
            and _has_digit(value)
            and _is_secret_value(kind, text)
        )
    return _is_secret_value(kind, text)


def _plain_is_secret(kind: str, value: bytes, *, header: bool) -> bool:
    text = value.decode("latin-1").strip()
    if not _is_secret_value(kind, text):
        return False
    if header:
        # "Cookie: see below" is prose; a header's value has a digit or a sign in it.
        return len(text) >= 6 and bool(re.search(r"[0-9=]", text))
    return bool(_PLAIN_SECRET.fullmatch(value)) and _has_digit(value)
