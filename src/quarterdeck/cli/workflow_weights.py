"""
What a manifest's `learned` entries mean at this moment, asked of an MLflow tracking server.

The server of workflow versions fetches nothing, so who pushes asks, over MLflow's REST API.
`models:/NAME/VERSION` has to be there; `models:/NAME@ALIAS` is pinned to the version that the alias
points at now.  MLflow computes no digest of weights: it is known where who registered the version
wrote it down, as a tag of the version, of its logged model or of its run (`DIGEST_TAGS`).  Else
the pin has no digest, and that is told.

A Quarterdeck's own `/mlflow` is such a server.  Redirects are not followed: a token must not travel
to a host that the user did not name.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import UNSET

from quarterdeck.errors import Invalid, NotFound, TryAgain, Unauthorized
from quarterdeck.sdk.sending.status import without_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from quarterdeck.workflows.manifest import Learned

TIMEOUT_S = 20.0
DIGEST_TAGS = ("quarterdeck.digest", "digest", "model_digest", "weights_digest", "sha256")
"""In this order; a value of 64 hex digits is one of SHA-256."""

_MODEL = re.compile(r"models:/(?P<name>[^/@]+)(?:/(?P<version>[0-9]+)|@(?P<alias>[^/@]+))")
_LOGGED = re.compile(r"models:/(?P<model_id>m-[0-9A-Za-z]+)")
_DIGEST = re.compile(r"[a-z0-9]+:[0-9A-Za-z+/=_-]{16,128}")
_HEX = re.compile(r"[0-9a-fA-F]{64}")


class Weights(NamedTuple):
    """What one entry means."""

    uri: str
    digest: str
    """"" where nobody tells one."""
    note: str
    """For who pushes; "" where all is as the manifest writes it."""


class Tracking(NamedTuple):
    """An MLflow tracking server and how to speak to it."""

    url: str
    headers: Mapping[str, str]
    basic: tuple[str, str] | None


def tracking_of(
    url: str | None, *, ours: str = "", key: str = "", environment: Mapping[str, str] = os.environ
) -> Tracking | None:
    """
    From `--mlflow` or MLflow's own variables; None where neither names a server.

    At the Quarterdeck that is pushed to (`ours`), its `key` is sent where MLflow's variables have
    no credential.  Raises `Invalid` for what is no HTTP address.
    """
    chosen = (url or environment.get("MLFLOW_TRACKING_URI") or "").rstrip("/")
    if not chosen:
        return None
    if not chosen.startswith(("http://", "https://")):
        raise Invalid(
            f"{without_credentials(chosen)!r} is no address of an MLflow server",
            hint="Set MLFLOW_TRACKING_URI, or --mlflow, to something like http://127.0.0.1:5000.",
        )
    token = environment.get("MLFLOW_TRACKING_TOKEN", "")
    user = environment.get("MLFLOW_TRACKING_USERNAME", "")
    if not token and not user and key and _same_origin(chosen, ours):
        token = key
    return Tracking(
        url=chosen,
        headers={"authorization": f"Bearer {token}"} if token else {},
        basic=(user, environment.get("MLFLOW_TRACKING_PASSWORD", "")) if user else None,
    )


def _same_origin(one: str, other: str) -> bool:
    return bool(other) and (one + "/").startswith(other.rstrip("/") + "/")


def resolve(learned: Mapping[str, Learned], tracking: Tracking | None) -> dict[str, Weights]:
    """
    By name.  Raises `NotFound` for a version or alias that the registry does not have, `TryAgain`
    where it does not answer.
    """
    if not any(_MODEL.fullmatch(entry.uri) for entry in learned.values()):
        return {name: _unasked(entry, "") for name, entry in learned.items()}
    if tracking is None:
        why = "MLFLOW_TRACKING_URI is not set, so nobody was asked"
        return {name: _unasked(entry, why) for name, entry in learned.items()}
    with _client(tracking) as client:
        return {
            name: _resolved(client, tracking, entry, found)
            if (found := _MODEL.fullmatch(entry.uri))
            else _unasked(entry, "")
            for name, entry in learned.items()
        }


def _unasked(entry: Learned, why: str) -> Weights:
    if entry.digest is not UNSET:
        return Weights(entry.uri, entry.digest, "")
    return Weights(entry.uri, "", why or "nobody tells a digest")


def _resolved(
    client: httpx.Client, tracking: Tracking, entry: Learned, found: re.Match[str]
) -> Weights:
    name, version, alias = found["name"], found["version"], found["alias"]
    if alias:
        told = _get(client, tracking, "registered-models/alias", name=name, alias=alias)
    else:
        told = _get(client, tracking, "model-versions/get", name=name, version=version)
    answer = told.get("model_version")
    if not isinstance(answer, dict) or not str(answer.get("version", "")).isdecimal():
        raise NotFound(f"{entry.uri}: {without_credentials(tracking.url)} tells no version of it")
    uri = f"models:/{name}/{answer['version']}"
    digest = _digest(client, tracking, answer)
    notes = [f"{alias} points at version {answer['version']} now"] if alias else []
    if not digest and entry.digest is UNSET:
        notes.append("nobody tells a digest")
    return Weights(uri, digest, "; ".join(notes))


def _digest(client: httpx.Client, tracking: Tracking, version: Mapping[str, Any]) -> str:
    """Of the version's tags, else of what it was made of."""
    found = _of_tags(version.get("tags"))
    logged = _LOGGED.match(str(version.get("source", "")))
    model_id = str(version.get("model_id") or "") or (logged["model_id"] if logged else "")
    if not found and re.fullmatch(r"[0-9A-Za-z_-]+", model_id):
        told = _best_effort(client, tracking, f"logged-models/{model_id}")
        found = _of_tags(_within(told, "model", "info").get("tags"))
    if not found and version.get("run_id"):
        told = _best_effort(client, tracking, "runs/get", run_id=str(version["run_id"]))
        found = _of_tags(_within(told, "run", "data").get("tags"))
    return found


def _of_tags(tags: Any) -> str:
    """The first of `DIGEST_TAGS` that has a digest for a value."""
    pairs = {
        str(tag.get("key")): str(tag.get("value")).strip()
        for tag in (tags if isinstance(tags, list) else [])
        if isinstance(tag, dict)
    }
    for name in DIGEST_TAGS:
        value = pairs.get(name, "")
        if _HEX.fullmatch(value):
            return f"sha256:{value.lower()}"
        if _DIGEST.fullmatch(value):
            return value
    return ""


def _within(told: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        told = told.get(key) if isinstance(told, dict) else None
    return told if isinstance(told, dict) else {}


def _best_effort(
    client: httpx.Client, tracking: Tracking, call: str, **params: str
) -> dict[str, Any]:
    """{} where the server does not have it: older ones know no logged models."""
    try:
        return _get(client, tracking, call, **params)
    except (NotFound, Invalid):
        return {}


def _client(tracking: Tracking) -> httpx.Client:
    import httpx

    return httpx.Client(
        headers={"accept": "application/json", **tracking.headers},
        auth=tracking.basic,
        timeout=TIMEOUT_S,
        follow_redirects=False,
        # A proxy set for the outside must not be asked for this machine's own server.
        trust_env=httpx.URL(tracking.url).host not in {"127.0.0.1", "localhost", "::1"},
    )


def _get(client: httpx.Client, tracking: Tracking, call: str, **params: str) -> dict[str, Any]:
    import httpx

    shown = without_credentials(tracking.url)
    try:
        answer = client.get(f"{tracking.url}/api/2.0/mlflow/{call}", params=params)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TryAgain(
            f"no MLflow answers at {shown} ({type(error).__name__})",
            hint="Check MLFLOW_TRACKING_URI, or write the digest into the manifest.",
        ) from error
    asked = ", ".join(f"{key} {value!r}" for key, value in params.items())
    if answer.status_code in (401, 403):
        raise Unauthorized(
            f"MLflow at {shown} refuses the credential ({answer.status_code})",
            hint="Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and _PASSWORD.",
        )
    if answer.status_code == 404:
        raise NotFound(f"MLflow at {shown} has no {asked or call}")
    if answer.status_code >= 500 or answer.status_code == 429:
        raise TryAgain(f"MLflow at {shown} answered {answer.status_code}")
    try:
        told = answer.json()
    except ValueError:
        told = None
    if answer.status_code != 200 or not isinstance(told, dict):
        raise Invalid(f"MLflow at {shown} answered {answer.status_code} to {call} with {asked}")
    return told
