"""
Who a client is told that it is: one organization, which is our project, with any number of
Braintrust's projects in it.

Our project comes from the key.  Braintrust's projects are names inside it: their ids follow from
the name, so that making one is no state, and asking for one by its id needs only what was said
when it was made.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply

PROJECT = "braintrust:project:"
_PROJECTS = "braintrust:projects"
_IDS = uuid.UUID("5b1f3d1e-6f0a-5c58-9a31-7d4a3f0c2b11")
"""The namespace of ids that follow from names; any constant would do."""
_LONGEST = 200


def id_of(desk: Desk, *parts: str) -> str:
    """The id of what is so named in the sender's project."""
    return str(uuid.uuid5(_IDS, "\0".join((desk.project_id, *parts))))


def organization_id(desk: Desk) -> str:
    return id_of(desk, "organization")


def project_id_of(desk: Desk, name: str) -> str:
    return id_of(desk, "project", name)


async def log_in(call: Call, desk: Desk) -> Reply:
    """Where everything else is: all below our own prefix."""
    organization = {
        "id": organization_id(desk),
        "name": str(desk.project_id),
        "api_url": call.base_url,
        "proxy_url": call.base_url,
        "realtime_url": call.base_url,
        "is_universal_api": True,
        "git_metadata": {"collect": "none"},
    }
    return Reply(body={"org_info": [organization]})


async def tell_version(_call: Call, _desk: Desk) -> Reply:
    """
    Without `logs3_payload_max_bytes`: a client that hears of a limit sends what is over it by way
    of a bucket, and one that does not sends it here.
    """
    return Reply(body={"version": "1.1.30", "deployment_mode": "quarterdeck", "universal": True})


async def who(_call: Call, desk: Desk) -> Reply:
    return Reply(body={"id": id_of(desk, "user", desk.actor), "email": desk.actor})


async def show(call: Call, _desk: Desk) -> Reply:
    """An address that the clients print for people: our page of the nearest."""
    rest = call.path["rest"].split("/")
    page = "sessions"
    if len(rest) == 4 and rest[2] == "experiments":
        name = rest[3].replace("\\", "").replace('"', "")
        page += "?q=" + quote(f'tag:"experiment:{name}"', safe="")
    project = quote(call.path["organization"], safe="")
    return Reply(status=302, headers={"location": f"/p/{project}/{page}"})


async def make_project(call: Call, desk: Desk) -> Reply:
    """`/v1/project`: get or create by name."""
    return Reply(body=await ensure_project(desk, name_in(call.object(), "name")))


async def register_project(call: Call, desk: Desk) -> Reply:
    """The same for clients of the older API, and by id too."""
    return Reply(body={"project": await project_in(call.object(), desk)})


async def find_project(call: Call, desk: Desk) -> Reply:
    return Reply(body=await project_by_id(desk, call.path["project_id"]))


async def find_project_by_query(call: Call, desk: Desk) -> Reply:
    return Reply(body=await project_by_id(desk, call.one("id")))


async def list_projects(call: Call, desk: Desk) -> Reply:
    await desk.settled()
    known = await desk.collection(_PROJECTS)
    found = [_project(desk, fragments) for fragments in known.values() if fragments]
    wanted = call.one("project_name")
    return Reply(body={"objects": [one for one in found if not wanted or one["name"] == wanted]})


def name_in(body: Mapping[str, Any], field: str) -> str:
    """Raises `Invalid` for a field that is no name."""
    name = body.get(field)
    if not isinstance(name, str) or not name or len(name) > _LONGEST:
        raise Invalid(f"{field} is not a name: {name!r}"[:200])
    return name


async def project_in(body: Mapping[str, Any], desk: Desk) -> dict[str, Any]:
    """The project that a request names: by id where it has one, else by name."""
    project_id = body.get("project_id")
    if isinstance(project_id, str) and project_id:
        name = body.get("project_name")
        if isinstance(name, str) and name and project_id == project_id_of(desk, name):
            return await ensure_project(desk, name)
        return await project_by_id(desk, project_id)
    return await ensure_project(desk, name_in(body, "project_name"))


async def ensure_project(desk: Desk, name: str) -> dict[str, Any]:
    project_id = project_id_of(desk, name)
    fragment = Fragment(
        object=PROJECT + project_id,
        kind="project",
        body={"id": project_id, "name": name},
        collection=_PROJECTS,
    )
    await desk.keep(Reading(fragments=(fragment,)))
    return _project(desk, (fragment,))


async def project_by_id(desk: Desk, project_id: str) -> dict[str, Any]:
    """Raises `NotFound`."""
    await desk.settled()
    name = PROJECT + project_id
    fragments = (await desk.objects([name])).get(name)
    if not fragments:
        raise NotFound(f"no project {project_id[:80]!r}")
    return _project(desk, fragments)


def _project(desk: Desk, fragments: Sequence[Fragment]) -> dict[str, Any]:
    told = fragments[0].body
    return {
        "id": told.get("id"),
        "org_id": organization_id(desk),
        "name": told.get("name"),
        "created": None,
        "deleted_at": None,
        "user_id": None,
        "settings": None,
    }
