"""
What calls of MLflow's model registry have in common: parameters, what is kept, pages.
"""

from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply
from quarterdeck.receive.wires.mlflow.filters import Value
from quarterdeck.receive.wires.mlflow.model_state import (
    MODEL,
    MODELS,
    ModelState,
    find_model,
)
from quarterdeck.receive.wires.mlflow.pages import page_of, sorted_by
from quarterdeck.receive.wires.mlflow.proto_json import field, items, mapping, text, whole

_MAX_RESULTS = 1_000


def asked(call: Call, name: str) -> str:
    """A parameter that a GET has in its query, and a POST or DELETE in its body."""
    return text(field(mapping(call.payload), name)) or call.one(name)


async def find_registered(desk: Desk, name: str) -> ModelState:
    """A registered model that is no prompt.  Raises `NotFound`."""
    await desk.settled()
    found = await find_model(desk, name)
    if found is None:
        raise NotFound(f"Registered Model with name={name} not found")
    return found


async def keep(call: Call, desk: Desk, name: str, kind: str) -> Reply:
    """Keeps all that the call says of a registered model.  Raises `Invalid` without its name."""
    if not name:
        raise Invalid("the call names no registered model")
    body = {**{key: call.one(key) for key in call.query}, **mapping(call.payload)}
    await desk.keep(Reading(fragments=(said(call, name, kind, body),)))
    return Reply(body={})


def said(call: Call, name: str, kind: str, body: dict[str, Any]) -> Fragment:
    return Fragment(
        object=MODEL + name,
        kind=kind,
        body=body,
        collection=MODELS if kind == "create" else "",
        at_ns=call.received_ns,
    )


def page_answer(call: Call, key: str, found: list[dict[str, Any]], order: list[str]) -> Reply:
    """A page of answers below `key`, in the order asked for, else in `order`."""
    most = whole(asked(call, "max_results")) or 100
    wanted = list(call.query.get("order_by", ())) or [
        text(one) for one in items(mapping(call.payload).get("order_by"))
    ]
    ordered = sorted_by(found, wanted or order, _listed)
    page, following = page_of(ordered, asked(call, "page_token"), min(max(1, most), _MAX_RESULTS))
    return Reply(body={key: page, **({"next_page_token": following} if following else {})})


def _listed(found: dict[str, Any], key: str) -> Value:
    if key in ("version", "version_number"):
        return float(found["version"])
    plain = {"timestamp": "last_updated_timestamp", "last_updated_timestamp": key}.get(key, key)
    value = found.get(plain)
    return float(value) if isinstance(value, int) else text(value) or None
