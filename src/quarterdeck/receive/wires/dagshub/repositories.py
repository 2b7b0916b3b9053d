"""
DagsHub's repositories: what its client asks before it sends to MLflow.

Every repository that is asked for is there: the project comes from the key, and a repository's
name says nothing about it.  There is no git; small files that are uploaded are kept and given back.
"""

import hashlib
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.wire import Call, Desk, Reply
from quarterdeck.receive.wires.mlflow.artifacts import (
    find_file,
    keep_file,
    list_below,
    plain_path,
)

_BRANCH = "main"
_BEGINNING = "2020-01-01T00:00:00Z"
"""Repositories have no history here: all began at once."""
_MAX_FILES = 100


async def user(_call: Call, desk: Desk) -> Reply:
    return Reply(body=_user(_word(desk.actor)))


async def named_user(call: Call, _desk: Desk) -> Reply:
    return Reply(body=_user(call.path["name"]))


async def get(call: Call, _desk: Desk) -> Reply:
    return Reply(body=_repository(call, call.path["owner"], call.path["repo"]))


async def create(call: Call, desk: Desk) -> Reply:
    """Of a user or, where the path names one, of an organization."""
    told = {part.name: part.data.decode("utf-8", "replace") for part in call.parts}
    if isinstance(call.payload, dict):
        told |= {str(key): str(value) for key, value in call.payload.items()}
    if not told.get("name"):
        raise Invalid("a repository needs a name")
    owner = call.path.get("owner") or _word(desk.actor)
    return Reply(status=201, body=_repository(call, owner, told["name"]))


async def branches(_call: Call, _desk: Desk) -> Reply:
    return Reply(body=[{"name": _BRANCH, "commit": _commit("")}])


async def branch(call: Call, _desk: Desk) -> Reply:
    return Reply(body={"name": call.path["branch"], "commit": _commit(_name(call))})


async def commit(call: Call, _desk: Desk) -> Reply:
    return Reply(body={**_commit(_name(call)), "id": call.path["sha"]})


async def storages(_call: Call, _desk: Desk) -> Reply:
    return Reply(body=[])


# ----------------------------------------------------------------------------------- files


async def upload(call: Call, desk: Desk) -> Reply:
    files = [part for part in call.parts if part.name == "files"]
    if not files or len(files) > _MAX_FILES:
        raise Invalid(f"an upload holds 1 to {_MAX_FILES} parts named files")
    for part in files:
        path = "/".join(filter(None, (call.path["path"], part.filename or "file")))
        await keep_file(desk, _path(call, path), part.data, at_ns=call.received_ns)
    return Reply(body={"message": "ok"})


async def download(call: Call, desk: Desk) -> Reply:
    found = await find_file(desk, _path(call, call.path["path"]))
    return Reply(body=found, content_type="application/octet-stream")


async def list_path(call: Call, desk: Desk) -> Reply:
    below = plain_path(call.path["path"])
    await desk.settled()
    found = await list_below(desk, _path(call, below), f"{below}/" if below else "")
    if not found:
        raise NotFound(f"no path {below!r} in {_name(call)}")
    api = f"{call.base_url}/api/v1/repos/{_name(call)}"
    at = call.path["branch"]
    return Reply(
        body=[
            {
                "path": one["path"],
                "type": "dir" if one["is_dir"] else "file",
                "size": one.get("file_size", 0),
                "hash": "",
                "versioning": "dvc",
                "download_url": f"{api}/raw/{at}/{one['path']}",
                "content_url": f"{api}/content/{at}/{one['path']}",
            }
            for one in found
        ]
    )


def _path(call: Call, path: str) -> str:
    """Where a repository's file is kept: like the artifacts of a run, below one folder."""
    return plain_path(f"dagshub/{_name(call)}/artifacts/{call.path['branch']}/{plain_path(path)}")


# --------------------------------------------------------------------------------- answers


def _name(call: Call) -> str:
    return f"{call.path['owner']}/{call.path['repo']}"


def _word(actor: str) -> str:
    """A name that may stand in an address."""
    plain = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in actor)
    return plain.strip("-") or "quarterdeck"


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode(errors="replace")).hexdigest()[:8], 16)


def _user(name: str) -> dict[str, Any]:
    return {
        "id": _number(name),
        "login": name,
        "username": name,
        "full_name": name,
        "email": "",
        "public_email": "",
        "avatar_url": "",
        "website": "",
        "company": "",
        "description": "",
    }


def _repository(call: Call, owner: str, name: str) -> dict[str, Any]:
    address = f"{call.base_url}/{owner}/{name}"
    return {
        "id": _number(f"{owner}/{name}"),
        "owner": _user(owner),
        "name": name,
        "full_name": f"{owner}/{name}",
        "description": "",
        "private": True,
        "fork": False,
        "parent": None,
        "empty": False,
        "mirror": False,
        "size": 0,
        "html_url": address,
        "ssh_url": None,
        "clone_url": f"{address}.git",
        "website": None,
        "stars_count": 0,
        "forks_count": 0,
        "watchers_count": 0,
        "open_issues_count": 0,
        "default_branch": _BRANCH,
        "created_at": _BEGINNING,
        "updated_at": _BEGINNING,
        "permissions": {"admin": False, "push": True, "pull": True},
    }


def _commit(name: str) -> dict[str, Any]:
    """Uploads ask for the last one, to build on; there is only ever this."""
    return {
        "id": hashlib.sha256(f"quarterdeck:{name}".encode(errors="replace")).hexdigest()[:40],
        "message": "",
        "url": "",
        "author": None,
        "committer": None,
        "added": None,
        "removed": None,
        "modified": None,
        "timestamp": _BEGINNING,
    }
