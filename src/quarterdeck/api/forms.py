"""
What strangers may put into bodies: the types that every body of the API is made of.

Unknown fields are refused, so a misspelling is not silently ignored; NUL and lone surrogates
are refused, since neither store can keep them.
"""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def storable(text: str) -> str:
    """Raises `ValueError`, which pydantic turns into the caller's 422."""
    if "\x00" in text:
        raise ValueError("NUL can't be stored")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair can't be stored") from None
    return text


_STORABLE = AfterValidator(storable)

Short = Annotated[str, StringConstraints(max_length=200), _STORABLE]
Label = Annotated[str, StringConstraints(min_length=1, max_length=200), _STORABLE]
Long = Annotated[str, StringConstraints(max_length=20_000), _STORABLE]
Secret = Annotated[str, StringConstraints(max_length=1024), _STORABLE]
