"""
MLflow's evaluation data sets: data sets of ours, their records cases.

Equal inputs are one record, as in MLflow.  A data set's tags, schema and profile are kept as they
came.  What lists travel as, MLflow decided: the JSON of a list in a string.
"""

import hashlib
import json
from functools import partial
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.normalize.attributes import decode_json
from quarterdeck.receive.wire import Call, Desk, Reply
from quarterdeck.receive.wires.mlflow.evaluation_trials import case_id_of
from quarterdeck.receive.wires.mlflow.filters import Value, holds, parse
from quarterdeck.receive.wires.mlflow.pages import page_of, sorted_by
from quarterdeck.receive.wires.mlflow.proto_json import field, items, mapping, pairs, text, whole
from quarterdeck.storage.records.datasets import (
    Case,
    Dataset,
    create_dataset,
    delete_cases,
    delete_dataset,
    find_dataset,
    list_cases,
    list_datasets,
    put_cases,
    update_dataset,
)

_MAX_RESULTS = 1_000
_MAX_RECORDS = 10_000
_MS = 1_000_000
_OWN = "mlflow"
"""The part of the metadata that is this client's."""


async def create(call: Call, desk: Desk) -> Reply:
    body = call.object()
    name = text(body.get("name"))
    if not name:
        raise Invalid("a dataset needs a name")
    tags = mapping(decode_json(body.get("tags")))
    own: dict[str, Any] = {
        "tags": {str(key): value for key, value in tags.items()},
        "experiment_ids": [text(one) for one in items(field(body, "experiment_ids"))],
        "created_by": text(field(body, "created_by")) or text(tags.get("mlflow.user")),
        **{key: body[key] for key in ("schema", "profile", "source", "source_type") if key in body},
    }
    made = await desk.records(
        create_dataset,
        project_id=desk.project_id,
        name=name,
        dataset_id="d-" + hashlib.sha256(name.encode(errors="replace")).hexdigest()[:32],
        metadata={_OWN: own},
        source="mlflow",
        created_by=desk.actor,
        now_ns=desk.now_ns(),
    )
    return Reply(body={"dataset": _answer(made)})


async def get(call: Call, desk: Desk) -> Reply:
    return Reply(body={"dataset": _answer(await _find(call, desk))})


async def delete(call: Call, desk: Desk) -> Reply:
    found = await _find(call, desk)
    await desk.records(delete_dataset, project_id=desk.project_id, dataset_id=found.dataset_id)
    return Reply(body={})


async def search(call: Call, desk: Desk) -> Reply:
    asked = mapping(call.payload)
    tests = parse(text(field(asked, "filter_string")) or call.one("filter_string"))
    experiments = {text(one) for one in items(field(asked, "experiment_ids"))} or set(
        call.query.get("experiment_ids", ())
    )
    order = [text(one) for one in items(field(asked, "order_by"))] or list(
        call.query.get("order_by", ())
    )
    listed, _ = await desk.records(list_datasets, project_id=desk.project_id, limit=_MAX_RESULTS)
    found = [
        one
        for one in listed
        if not experiments or experiments & set(_own(one).get("experiment_ids", ()))
        if holds(tests, partial(_look, one))
    ]
    most = whole(field(asked, "max_results")) or _MAX_RESULTS
    page, following = page_of(
        sorted_by(found, order or ["created_time DESC"], _look),
        text(field(asked, "page_token")) or call.one("page_token"),
        min(max(1, most), _MAX_RESULTS),
    )
    answer: dict[str, Any] = {"datasets": [_answer(one) for one in page]}
    return Reply(body=answer | ({"next_page_token": following} if following else {}))


async def put_records(call: Call, desk: Desk) -> Reply:
    found = await _find(call, desk)
    told = decode_json(call.object().get("records"))
    records = [one for one in items(told) if isinstance(one, dict)]
    if not isinstance(told, list) or len(records) > _MAX_RECORDS:
        raise Invalid(f"records is the JSON of a list, of at most {_MAX_RECORDS}")
    cases = {case.case_id: case for case in map(_case, records)}
    known, _ = await desk.records(
        list_cases,
        project_id=desk.project_id,
        dataset_id=found.dataset_id,
        case_ids=list(cases),
        limit=max(1, len(cases)),
    )
    before = {case.case_id: case for case in known}
    merged = [_merged(before.get(case_id), case) for case_id, case in cases.items()]
    await desk.records(
        put_cases,
        project_id=desk.project_id,
        dataset_id=found.dataset_id,
        cases=merged,
        now_ns=desk.now_ns(),
    )
    return Reply(body={"inserted_count": len(cases) - len(before), "updated_count": len(before)})


async def get_records(call: Call, desk: Desk) -> Reply:
    found = await _find(call, desk)
    asked = mapping(call.payload)
    most = whole(field(asked, "max_results")) or call.number(
        "max_results", _MAX_RESULTS, most=_MAX_RESULTS
    )
    token = text(field(asked, "page_token")) or call.one("page_token")
    first = int(token) if token.isdigit() and len(token) < 12 else 0
    cases, total = await desk.records(
        list_cases,
        project_id=desk.project_id,
        dataset_id=found.dataset_id,
        limit=min(max(1, most), _MAX_RESULTS),
        offset=first,
    )
    answer: dict[str, Any] = {"records": json.dumps([_record(case) for case in cases])}
    following = first + len(cases)
    return Reply(body=answer | ({"next_page_token": str(following)} if following < total else {}))


async def delete_records(call: Call, desk: Desk) -> Reply:
    found = await _find(call, desk)
    wanted = [text(one) for one in items(field(mapping(call.payload), "dataset_record_ids"))]
    gone = await desk.records(
        delete_cases, project_id=desk.project_id, dataset_id=found.dataset_id, case_ids=wanted
    )
    return Reply(body={"deleted_count": gone})


async def set_tags(call: Call, desk: Desk) -> Reply:
    found = await _find(call, desk)
    told = mapping(decode_json(call.object().get("tags")))
    return await _keep_own(desk, found, tags={**_tags(found), **told})


async def delete_tag(call: Call, desk: Desk) -> Reply:
    found = await _find(call, desk)
    left = {key: value for key, value in _tags(found).items() if key != call.path["key"]}
    return await _keep_own(desk, found, tags=left)


async def experiment_ids(call: Call, desk: Desk) -> Reply:
    return Reply(
        body={"experiment_ids": list(_own(await _find(call, desk)).get("experiment_ids", ()))}
    )


async def add_experiments(call: Call, desk: Desk) -> Reply:
    found = await _find(call, desk)
    told = [text(one) for one in items(field(call.object(), "experiment_ids"))]
    known = items(_own(found).get("experiment_ids"))
    await _keep_own(desk, found, experiment_ids=list(dict.fromkeys((*known, *told))))
    return Reply(body={"dataset": _answer(await _find(call, desk))})


async def remove_experiments(call: Call, desk: Desk) -> Reply:
    found = await _find(call, desk)
    told = {text(one) for one in items(field(call.object(), "experiment_ids"))}
    known = items(_own(found).get("experiment_ids"))
    await _keep_own(desk, found, experiment_ids=[one for one in known if one not in told])
    return Reply(body={"dataset": _answer(await _find(call, desk))})


async def _keep_own(desk: Desk, found: Dataset, **changes: Any) -> Reply:
    await desk.records(
        update_dataset,
        project_id=desk.project_id,
        dataset_id=found.dataset_id,
        metadata={**found.metadata, _OWN: {**_own(found), **changes}},
        now_ns=desk.now_ns(),
    )
    return Reply(body={})


async def _find(call: Call, desk: Desk) -> Dataset:
    wanted = call.path["dataset_id"]
    try:
        return await desk.records(find_dataset, project_id=desk.project_id, dataset_id=wanted)
    except NotFound as error:
        raise NotFound(f"Evaluation dataset with id {wanted!r} not found") from error


def _own(found: Dataset) -> dict[str, Any]:
    return mapping(found.metadata.get(_OWN))


def _tags(found: Dataset) -> dict[str, Any]:
    return mapping(_own(found).get("tags"))


def _answer(found: Dataset) -> dict[str, Any]:
    own = _own(found)
    created_by = text(own.get("created_by")) or "quarterdeck"
    digest = hashlib.sha256(f"{found.dataset_id}:{found.version}".encode()).hexdigest()[:8]
    answer: dict[str, Any] = {
        "dataset_id": found.dataset_id,
        "name": found.name,
        "tags": json.dumps(_tags(found)),
        "digest": digest,
        "created_time": found.created_ns // _MS,
        "last_update_time": found.updated_ns // _MS,
        "created_by": created_by,
        "last_updated_by": created_by,
        "experiment_ids": items(own.get("experiment_ids")),
    }
    # A data set that another client made, or whose records changed, has none that would be right.
    answer |= {key: own[key] for key in ("schema", "profile") if isinstance(own.get(key), str)}
    return answer


def _look(found: Dataset, key: str) -> Value:
    for prefix in ("tags.", "tag."):
        if key.startswith(prefix):
            return pairs(_tags(found)).get(key.removeprefix(prefix))
    match key.removeprefix("attributes."):
        case "name":
            return found.name
        case "dataset_id":
            return found.dataset_id
        case "created_time":
            return float(found.created_ns // _MS)
        case "last_update_time":
            return float(found.updated_ns // _MS)
        case "created_by" | "last_updated_by":
            return text(_own(found).get("created_by")) or None
    raise Invalid(f"datasets can't be searched by {key!r}")


# ------------------------------------------------------------------------------- records


def _case(record: dict[str, Any]) -> Case:
    source = mapping(record.get("source"))
    traced = mapping(field(source, "source_data"))
    extras = {
        key: value
        for key, value in record.items()
        if key not in ("inputs", "expectations", "tags", "dataset_record_id")
    }
    return Case(
        case_id=case_id_of(record.get("inputs")),
        input=record.get("inputs"),
        expected=record.get("expectations"),
        metadata={"tags": mapping(record.get("tags"))},
        source_trace_id=text(traced.get("trace_id")).removeprefix("tr-")[:32],
        source={_OWN: extras},
    )


def _merged(before: Case | None, told: Case) -> Case:
    """MLflow's own rule: expectations and tags join by name, the later word counts."""
    if before is None:
        return told
    return Case(
        case_id=told.case_id,
        input=told.input,
        expected={**mapping(before.expected), **mapping(told.expected)}
        if isinstance(told.expected, dict)
        else before.expected
        if told.expected is None
        else told.expected,
        metadata={
            "tags": {
                **mapping(mapping(before.metadata).get("tags")),
                **mapping(mapping(told.metadata).get("tags")),
            }
        },
        source_trace_id=told.source_trace_id or before.source_trace_id,
        source={**before.source, _OWN: {**mapping(before.source.get(_OWN)), **told.source[_OWN]}},
    )


def _record(case: Case) -> dict[str, Any]:
    found: dict[str, Any] = {
        "dataset_record_id": case.case_id,
        "dataset_id": case.dataset_id,
        "inputs": case.input if isinstance(case.input, dict) else {"input": case.input},
        "created_time": case.created_ns // _MS,
        "last_update_time": case.updated_ns // _MS,
        "tags": mapping(mapping(case.metadata).get("tags")),
    }
    if case.expected is not None:
        found["expectations"] = (
            case.expected if isinstance(case.expected, dict) else {"expected": case.expected}
        )
    own = mapping(case.source.get(_OWN))
    found |= {key: own[key] for key in ("outputs", "source") if own.get(key) is not None}
    return found
