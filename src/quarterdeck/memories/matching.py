"""
Which entries do these words mean?

Ours and not a database's full-text index: SQLite's and PostgreSQL's cut words, stem and rank in
ways of their own, so that one question would find different entries on a laptop and in production.
Here a database only passes over what holds none of the words; what is found is weighed by one
function, BM25, the same for both.  A question is words and nothing else: no character of it is an
operator.

A word inside a longer one counts too, for less: languages that are written without spaces have no
other words, and "invoice" is what somebody who asks for "invoices" means.
"""

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

TEXT_CHARACTERS = 20_000
"""Of a value's texts; what a search of 10,000 entries looks at stays in the tens of megabytes."""
MOST_WORDS = 32
"""Of a question.  Each is one more pass over the texts; people ask with under ten."""
WORD_CHARACTERS = 200
"""That are looked for; SQLite refuses patterns of 50,000 bytes."""
_MOST_VALUES = 10_000
"""Leaves of a value that are looked at for text."""

_WORD = re.compile(r"\w+")
_INSIDE_WEIGHT = 0.3
"""Of a word inside a longer one, against the word itself."""
_SATURATION = 1.2
_LENGTH_WEIGHT = 0.75
"""BM25's k1 and b, as nearly every engine sets them (Robertson and Zaragoza, 2009)."""


def words_of(text: str) -> list[str]:
    """In order, without case, and with compatible characters made equal."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def asked_words(question: str) -> list[str]:
    """What is looked for: each word once."""
    words = (word[:WORD_CHARACTERS] for word in words_of(question[:TEXT_CHARACTERS]))
    return list(dict.fromkeys(words))[:MOST_WORDS]


def searchable(key: str, value: Any) -> str:
    """
    What a search looks at: the words of the key and of all texts in the value, between spaces,
    with one before the first and after the last.  "" for no word at all.
    """
    pieces = [key]
    length = len(key)
    for text in _texts(value):
        if length >= TEXT_CHARACTERS:
            break
        pieces.append(text[: TEXT_CHARACTERS - length])
        length += len(pieces[-1])
    words = words_of("\n".join(pieces))
    return f" {' '.join(words)} " if words else ""


def ranked(words: Sequence[str], texts: Sequence[str]) -> list[float]:
    """
    The score of each of the `texts` (as `searchable` made them), which are all that hold any of
    the `words`; 0 where none does.  A rarer word counts more, a longer text less.
    """
    if not texts:
        return []
    lengths = [text.count(" ") or 1 for text in texts]
    usual = sum(lengths) / len(lengths)
    scores = [0.0] * len(texts)
    for word in words:
        counts = [_count(word, text) for text in texts]
        having = sum(1 for count in counts if count)
        # "+ 1" keeps a word that every text has above nothing: it was asked for all the same.
        weight = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
        for number, count in enumerate(counts):
            if count:
                length = 1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * lengths[number] / usual
                scores[number] += (
                    weight * count * (_SATURATION + 1) / (count + _SATURATION * length)
                )
    return scores


def _count(word: str, text: str) -> float:
    whole = text.count(f" {word} ")
    return whole + _INSIDE_WEIGHT * (text.count(word) - whole)


def _texts(value: Any) -> Iterator[str]:
    """Names and texts in the order of the value, numbers too; not recursive, so that no depth is
    too deep."""
    todo = [value]
    for _ in range(_MOST_VALUES):
        if not todo:
            return
        match todo.pop():
            case str() as text:
                yield text
            case bool() | None:
                continue
            case int() | float() as number:
                yield str(number)
            case dict() as mapping:
                for name, inner in reversed(mapping.items()):
                    todo += (inner, str(name))
            case list() | tuple() as items:
                todo += reversed(items)
