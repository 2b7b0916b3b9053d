"""
From the model's values to the store's columns, without refusing anything a sender can cause:
times are clamped to what a column holds, text that is not Unicode is mended, an amount beyond
the column's digits becomes unknown.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa

_MAX_NS = (1 << 63) - 1
_MAX_USD = Decimal(999_999_999)
"""Decimal(18, 9) holds nine digits before the point; a greater cost is a sender's error."""
_NANO = Decimal("0.000000001")

_encoder = msgspec.json.Encoder(decimal_format="string")


def encode(value: Any) -> bytes:
    """JSON of a model value."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        # Half of a surrogate pair: JSON can carry it, UTF-8 can't.
        return _encoder.encode(_mended(msgspec.to_builtins(value, builtin_types=(Decimal,))))


def labels(values: Sequence[str] | Sequence[bytes]) -> pa.DictionaryArray:
    """Few distinct values: sent as a dictionary, which is how the store keeps them."""
    words: dict[Any, None] = dict.fromkeys(values)
    numbers = dict(zip(words, range(len(words)), strict=True))
    codes = pa.array(list(map(numbers.__getitem__, values)), pa.int32())
    return pa.DictionaryArray.from_arrays(
        codes, pa.array([_text(word) for word in words], pa.string())
    )


def texts(values: Sequence[str]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([_text(value) for value in values], pa.string())


def instants(values: list[int]) -> pa.Array:
    """Nanoseconds, clamped to what Int64 holds: a sender's clock can say anything."""
    if values and (min(values) < 0 or max(values) > _MAX_NS):
        values = [instant(ns) for ns in values]
    return pa.array(values, pa.int64())


def instant(ns: int) -> int:
    return min(max(ns, 0), _MAX_NS)


def usd(amount: Decimal | None) -> Decimal | None:
    if amount is None or not amount.is_finite() or abs(amount) > _MAX_USD:
        return None
    return amount.quantize(_NANO)


def _text(value: str | bytes) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return value.encode("utf-8", "replace").decode()


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mended(item) for item in value]
    return value
