"""
What foreign SDKs send as a body: JSON, forms with files, bytes.  Parsed, and without secrets.

A missing or wrong Content-Type is no reason to refuse: the bytes tell.  What is called JSON and
is none is refused, saying where it ends to be JSON.
"""

from typing import NamedTuple
from urllib.parse import parse_qsl

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from quarterdeck.errors import Invalid
from quarterdeck.normalize.redact import Redactor
from quarterdeck.receive.otlp_json import dump_json, read_json
from quarterdeck.receive.redaction import clean_tree
from quarterdeck.receive.wire import BodyForm, Part

_MAX_PARTS = 20_000
"""Of one multipart body.  LangSmith sends at most 100 operations of 8 parts each."""


class Read(NamedTuple):
    """A body, read."""

    payload: object = None
    parts: tuple[Part, ...] = ()
    body: bytes = b""
    secrets: bool = False
    """Whether anything had to be replaced."""


def read_body_as(form: BodyForm, body: bytes, content_type: str, redactor: Redactor) -> Read:
    """Raises `Invalid`."""
    if form == "none" or not body:
        return Read()
    if form == "raw":
        clean = _clean_text(body, redactor)
        return Read(body=clean, secrets=clean is not body)
    media_type, options = parse_options_header(content_type.encode("latin-1", "replace"))
    if media_type == b"multipart/form-data":
        return _multipart(body, options.get(b"boundary", b""), redactor)
    if media_type == b"application/x-www-form-urlencoded" and body[:1] not in b"{[":
        return _fields(body, redactor)
    payload, secrets = _clean_json(body, redactor)
    return Read(payload=payload, secrets=secrets)


def _clean_json(body: bytes, redactor: Redactor) -> tuple[object, bool]:
    tree = read_json(body)
    # Escapes such as \\u0073k- would hide a secret from a look at the bytes as sent.
    if not redactor.might_contain_secret(dump_json(tree)):
        return tree, False
    clean = clean_tree(tree, redactor)
    return clean, clean != tree


def _clean_text(body: bytes, redactor: Redactor) -> bytes:
    """Bytes that are text without its secrets; other bytes as they are."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return body
    return redactor.redact_bytes(body)


def _multipart(body: bytes, boundary: bytes, redactor: Redactor) -> Read:
    if not boundary:
        raise Invalid("a multipart body without a boundary in its Content-Type", code="malformed")
    collector = _Collector()
    try:
        parser = MultipartParser(boundary, callbacks=collector.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except MultipartParseError as error:
        raise Invalid(f"the multipart body is broken: {error}", code="malformed") from error
    if not collector.ended:
        raise Invalid("the multipart body is cut off", code="malformed")
    parts, secrets = list[Part](), False
    for headers, data in collector.parts:
        part, found = _part(headers, data, redactor)
        parts.append(part)
        secrets = secrets or found
    return Read(parts=tuple(parts), secrets=secrets)


class _Collector:
    """Gathers parts from the parser's callbacks."""

    def __init__(self) -> None:
        self.parts: list[tuple[dict[bytes, bytes], bytes]] = []
        self.ended = False
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._data = bytearray()

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._more_value,
            "on_header_end": self._header_end,
            "on_part_data": self._more_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) >= _MAX_PARTS:
            raise Invalid(f"more than {_MAX_PARTS} parts in one body")
        self._headers, self._name, self._value, self._data = {}, b"", b"", bytearray()

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _more_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _more_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def _part_end(self) -> None:
        self.parts.append((self._headers, bytes(self._data)))

    def _end(self) -> None:
        self.ended = True


def _part(headers: dict[bytes, bytes], data: bytes, redactor: Redactor) -> tuple[Part, bool]:
    _, names = parse_options_header(headers.get(b"content-disposition", b""))
    media_type, _ = parse_options_header(headers.get(b"content-type", b""))
    content_type = media_type.decode("latin-1").lower()
    payload, secrets = None, False
    if content_type == "application/json" and data:
        payload, secrets = _clean_json(data, redactor)
        clean = dump_json(payload) if secrets else data
    else:
        clean = _clean_text(data, redactor)
        secrets = clean is not data
    name = names.get(b"name", b"").decode("utf-8", "replace")
    filename = names.get(b"filename", b"").decode("utf-8", "replace")
    return Part(name, filename, content_type, clean, payload), secrets


def _fields(body: bytes, redactor: Redactor) -> Read:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_PARTS)
    except ValueError as error:
        raise Invalid(f"the form can't be read: {error}", code="malformed") from error
    parts, secrets = list[Part](), False
    for name, value in pairs:
        clean = redactor.redact_value(name, value)
        secrets = secrets or clean != value
        parts.append(Part(name, "", "", clean.encode("utf-8", "replace")))
    return Read(parts=tuple(parts), secrets=secrets)
