"""
The answer of `GET /intake`: does data arrive, and if not, what was refused and why?
"""

from typing import Literal

from quarterdeck.api.answers.answer import Answer, Instant


class IntakeEndpoint(Answer):
    signal: Literal["traces", "logs", "metrics"]
    path: str


class Books(Answer):
    """Items (spans, log records, data points) and requests, of this process."""

    minutes: int
    """How far they go back: 60, or less where the process is younger."""
    requests: int
    received: int
    stored: int
    duplicate: int
    """Delivered before."""
    ignored: int
    rejected: int
    """Left out and told to the sender."""
    quarantined: int
    """Kept aside, because processing them failed."""
    pending: int
    """Received and in none of the others yet."""
    refused: int
    """Requests answered with an error: nothing of them was kept."""
    items_per_s: float
    """Over the last ten seconds."""


class Refusal(Answer):
    """Requests refused for the same reason one after another are one row."""

    at: Instant
    """The last of them."""
    first_at: Instant
    times: int
    method: str
    path: str
    status: int
    code: str
    reason: str
    hint: str
    key: str | None
    """How the key that came with it ends, e.g. `…9f`; null: none came."""
    whose: Literal["project", "server"]
    """`server`: nobody knows whose it was, since no known key came with it."""


class Unanswered(Answer):
    """A call of a foreign SDK that this server does not answer: what came with it is not here."""

    client: str
    """The product whose SDK called, as in docs/reference/clients.md."""
    call: str
    """Method and address; `{}` stands for an id."""
    status: int
    times: int
    last_at: Instant


class Library(Answer):
    scope: str | None
    """The library that made the spans; null: it did not say."""
    spans: int
    recognized: int
    last_received_at: Instant


class FirstSession(Answer):
    session_id: str
    started_at: Instant
    spans: int


class IntakeAnswer(Answer):
    as_of: Instant
    url: str | None
    """The address that the server is told to have; null: that which the caller used."""
    endpoints: list[IntakeEndpoint]
    grpc_port: int | None
    key_needed: bool
    """False in local mode."""
    arrived: bool
    """Whether anything of this project was ever stored and is still kept."""
    first_session: FirstSession | None
    books: Books
    libraries: list[Library]
    """Of the last hour; where nothing came in it, of the last seven days."""
    refusals: list[Refusal]
    """Newest first, at most 20."""
    unanswered: list[Unanswered]
    """Calls of foreign SDKs since the server began, newest first."""
