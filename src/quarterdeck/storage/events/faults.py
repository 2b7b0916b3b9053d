"""What the engine's refusals mean for the caller: embedded or server, the codes are the same."""

import re

from quarterdeck.errors import Misconfigured, QuarterdeckError, TryAgain

_CODE = re.compile(r"[Cc]ode: (\d+)")

_BUSY = {
    159: "the question took too long",
    160: "the question would take too long",
    202: "too many questions at once",
    209: "the event store did not answer in time",
    210: "the event store can't be reached",
    241: "the event store is out of memory for this question",
    242: "the table is read-only for now",
    243: "the event store's disk is full",
    252: "too many parts: merges are behind",
    319: "it is not known whether the insert was stored",
    999: "the cluster's coordinator can't be reached",
}
_TOO_MUCH = frozenset({159, 160, 241})
_SETUP = {
    81: "the database does not exist",
    192: "unknown user",
    193: "wrong password",
    194: "a password is required",
    195: "the address is not allowed",
    497: "the user may not do this",
    516: "wrong user or password",
    701: "the cluster is not known to the server",
}
_FULL = ("No space left", "ENOSPC", "Cannot reserve")


class TooMuch(TryAgain):
    """
    More than one question may take.  The store is well, or busy with others: who asks for less,
    or later, may have an answer.
    """


def translate(text: str) -> QuarterdeckError:
    """The error to raise for the engine's message; the message is kept, shortened."""
    found = _CODE.search(text)
    code = int(found[1]) if found else 0
    short = text.strip()[:400]
    if code in _BUSY:
        kind = TooMuch if code in _TOO_MUCH else TryAgain
        return kind(f"{_BUSY[code]}: {short}", retry_after_s=2)
    if any(sign in text for sign in _FULL):
        return TryAgain(f"{_BUSY[243]}: {short}", retry_after_s=5)
    if code in _SETUP:
        return Misconfigured(f"{_SETUP[code]}: {short}", hint="Check QUARTERDECK_EVENTS_URL.")
    return QuarterdeckError(f"the event store refused: {short}")
