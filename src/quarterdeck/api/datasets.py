"""
Datasets and their cases, as clients made them.  Read only: who made them changes them.
"""

import asyncio
from typing import Annotated, Any

from fastapi import Query, Request, Response

from quarterdeck.api.access import READ, Principal, allow, guarded_router
from quarterdeck.api.answers.datasets import CaseList, DatasetList
from quarterdeck.api.bodies import answer
from quarterdeck.api.pages import next_offset, read_offset
from quarterdeck.api.parts import Parts, Who, With
from quarterdeck.api.segments import Segment
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.records import datasets
from quarterdeck.storage.records.datasets import Case, Dataset

router = guarded_router("datasets")

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str, Query(max_length=200)]
Word = Annotated[str, Query(max_length=400)]
AsOf = Annotated[
    int | None, Query(ge=0, le=2**31 - 1, description="The dataset as it was at this version.")
]


@router.get("/datasets", summary="Datasets, newest first", responses={200: {"model": DatasetList}})
@allow(READ)
async def list_some(
    request: Request,
    parts: With,
    who: Who,
    containing: Annotated[Word, Query(description="A part of the name.")] = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    belongs_to = f"{who.project_id}?{containing}"
    offset = read_offset(cursor, "datasets", belongs_to)
    found = await asyncio.to_thread(
        datasets.list_datasets,
        parts.records,
        project_id=who.project_id,
        containing=containing,
        limit=limit,
        offset=offset,
    )
    end = offset + len(found.items)
    return answer(
        request,
        {
            "datasets": [_shown(dataset) for dataset in found.items],
            "total": found.total,
            "next_cursor": next_offset("datasets", belongs_to, end if end < found.total else 0),
        },
    )


@router.get(
    "/datasets/{dataset_id}/cases",
    summary="A dataset's cases, now or as they were at a version",
    responses={200: {"model": CaseList}},
)
@allow(READ)
async def list_cases(
    request: Request,
    dataset_id: Segment,
    parts: With,
    who: Who,
    version: AsOf = None,
    archived: Annotated[bool, Query(description="The archived ones too.")] = False,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    belongs_to = f"{who.project_id}/{dataset_id}?{version}&{archived}"
    offset = read_offset(cursor, "cases", belongs_to)
    page = await asyncio.to_thread(
        _cases, parts, who, dataset_id, version, archived=archived, limit=limit, offset=offset
    )
    end = offset + len(page["cases"])
    page["next_cursor"] = next_offset("cases", belongs_to, end if end < page["total"] else 0)
    return answer(request, page)


def _cases(
    parts: Parts,
    who: Principal,
    dataset_id: str,
    version: int | None,
    *,
    archived: bool,
    limit: int,
    offset: int,
) -> dict[str, Any]:
    dataset = datasets.find_dataset(parts.records, project_id=who.project_id, dataset_id=dataset_id)
    found = datasets.list_cases(
        parts.records,
        project_id=who.project_id,
        dataset_id=dataset_id,
        archived=archived,
        as_of_version=version,
        limit=limit,
        offset=offset,
    )
    return {
        "dataset_id": dataset_id,
        "name": dataset.name,
        "version": dataset.version if version is None else version,
        "cases": [_case(case) for case in found.items],
        "total": found.total,
    }


def _shown(dataset: Dataset) -> dict[str, Any]:
    return {
        "dataset_id": dataset.dataset_id,
        "name": dataset.name,
        "description": dataset.description,
        "metadata": dataset.metadata,
        "source": dataset.source,
        "version": dataset.version,
        "cases": dataset.items,
        "created_at": to_rfc3339(dataset.created_ns),
        "created_by": dataset.created_by,
        "updated_at": to_rfc3339(dataset.updated_ns),
    }


def _case(case: Case) -> dict[str, Any]:
    return {
        "case_id": case.case_id,
        "input": case.input,
        "expected": case.expected,
        "metadata": case.metadata,
        "split": case.split,
        "archived": case.archived,
        "source_trace_id": case.source_trace_id,
        "source_span_id": case.source_span_id,
        "source": case.source,
        "version": case.version,
        "created_at": to_rfc3339(case.created_ns),
        "updated_at": to_rfc3339(case.updated_ns),
    }
