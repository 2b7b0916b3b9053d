"""Versions of workflows over the API: push, read, compare, tag."""

import base64
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from api.conftest import NOW, World, bearer
from quarterdeck.storage.records import prompts
from quarterdeck.storage.records.audit import list_audit
from quarterdeck.storage.records.prompts import PromptContent
from quarterdeck.storage.records.workflow_tables import WORKFLOW_FILES
from quarterdeck.workflows.digest import digest_of
from quarterdeck.workflows.manifest import Folder
from workflows.folders import MANIFEST, PROMPT, fraud

HERE = "/api/v1/workflows/fraud-triage"


def body(folder: Folder | None = None, **more: Any) -> dict[str, Any]:
    files = (folder or fraud()).files
    return {
        "files": {path: base64.b64encode(data).decode() for path, data in files.items()},
        **more,
    }


async def push(
    client: httpx.AsyncClient, folder: Folder | None = None, *, name: str = "fraud-triage",
    **more: Any,
) -> dict[str, Any]:  # fmt: skip
    answer = await client.post(f"/api/v1/workflows/{name}/versions", json=body(folder, **more))
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def refused(client: httpx.AsyncClient, folder: Folder, **more: Any) -> dict[str, Any]:
    answer = await client.post(f"{HERE}/versions", json=body(folder, **more))
    assert answer.status_code == 422, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert (await client.get(HERE)).status_code == 404, "something was kept"
    return error


async def test_what_is_pushed_comes_back_byte_for_byte_and_says_what_it_says(world: World) -> None:
    folder = fraud(prompt="one\r\ntwo ünï")
    git = {"commit": "0fdcb2a", "branch": "main", "dirty": True, "repository": "git@x:a.git"}
    async with world.client(headers=bearer(world.key("acme"))) as client:
        told = await push(client, folder, message="first", git=git, tags=["good"])
        assert told["created"] is True
        version = told["version"]
        assert (version["version"], version["verified"]) == (1, True)
        assert version["digest"] == digest_of(folder)
        assert (version["git"], version["tags"], version["message"]) == (git, ["good"], "first")
        assert version["prompts"] == {"triage": "one\r\ntwo ünï"}
        assert version["tools"]["block_card"]["parameters"]["required"] == ["card"]
        assert version["manifest"]["tools"]["block_card"]["permission"] == "ask"
        assert [file["path"] for file in version["files"]] == sorted(folder.files)
        for which in ("1", "good", "latest", version["digest"], version["digest"][:15]):
            one = await client.get(f"{HERE}/versions/{which}")
            assert one.json() == version, which
            files = (await client.get(f"{HERE}/versions/{which}/files")).json()
            assert files["digest"] == version["digest"]
            back = {path: base64.b64decode(data) for path, data in files["files"].items()}
            assert back == folder.files
        assert (await client.get(f"{HERE}/versions/2")).status_code == 404


async def test_equal_content_is_told_as_the_version_that_it_is(world: World) -> None:
    async with world.client(headers=bearer(world.key("acme"))) as client:
        await push(client)
        await push(client, fraud(prompt="two"))
        # What the manifest does not name is no part of the version.
        again = await push(client, fraud(README_md="read me"))
        assert (again["created"], again["version"]["version"]) == (False, 1)
        rows = (await client.get(f"{HERE}/versions", params={"limit": 1})).json()
        assert [row["version"] for row in rows["versions"]] == [2]
        more = {"limit": 1, "cursor": rows["next_cursor"]}
        rows = (await client.get(f"{HERE}/versions", params=more)).json()
        assert [row["version"] for row in rows["versions"]] == [1]
        assert rows["next_cursor"] is None
        listed = (await client.get("/api/v1/workflows")).json()
        assert listed["total"] == 1
        assert listed["workflows"] == [(await client.get(HERE)).json()]
        assert listed["workflows"][0]["latest"] == 2
        assert listed["workflows"][0]["description"] == "Looks at alerts"
    audited = [row for row in list_audit(world.records, project_id="acme", limit=20)
               if row.action == "workflow.push"]  # fmt: skip
    assert [row.details["version"] for row in audited] == [2, 1]


async def test_every_problem_of_a_folder_is_told_with_its_line(world: World) -> None:
    broken = MANIFEST.replace("permission: ask", "permision: ask").replace("smart\n", "fast\n", 1)
    async with world.client(headers=bearer(world.key("acme"))) as client:
        error = await refused(client, fraud(manifest=broken))
        told = f"{error['message']}\n{error['hint']}"
        assert "workflow.yaml:8:" in told
        assert "workflow.yaml:12:" in told
        assert "permision" in told
        other = await refused(client, fraud(manifest=MANIFEST.replace("fraud-triage", "other", 1)))
        assert "workflow.yaml:1:" in other["message"]
        for files, words in (
            ({"workflow.yaml": "na!e"}, "base64"),
            ({"../x": ""}, "workflow.yaml"),
            ({}, "workflow.yaml"),
        ):
            answer = await client.post(f"{HERE}/versions", json={"files": files})
            assert answer.status_code == 422
            assert words in answer.json()["error"]["message"]
        answer = await client.post(f"{HERE}/versions", json=body(tags=["7"]))
        assert answer.status_code == 422


HEADER = "curl -H 'Authorization: Bearer abcdefgh12345678XYZ'\n"
SECRET = "sk-" + "ant-" + "a1B2c3D4e5" * 2
"""In pieces, so that nobody who scans this file takes it for one."""


@pytest.mark.parametrize(
    ("folder", "place"),
    [
        (fraud(prompt=f"Be kind.\nUse {SECRET} for it.\n"), "prompts/triage.md:2:5"),
        (fraud(manifest=MANIFEST + f"# {SECRET}\n"), "workflow.yaml:"),
        (fraud(prompt=HEADER), "prompts/triage.md:1:"),
        (fraud(tool={"name": "block_card", "description": SECRET, "parameters": {}}),
         "tools/block_card.json:1:"),
    ],
)  # fmt: skip
async def test_a_secret_is_refused_with_its_place_and_nowhere_kept(
    world: World, folder: Folder, place: str
) -> None:
    async with world.client(headers=bearer(world.key("acme"))) as client:
        error = await refused(client, folder)
        assert error["message"].startswith(place), error
        assert "looks like a secret" in error["message"]
        assert SECRET not in json.dumps(error)
        assert "abcdefgh12345678XYZ" not in json.dumps(error)
    assert prompts.list_prompts(world.records, project_id="acme").total == 0


async def test_a_secret_that_is_only_named_is_none(world: World) -> None:
    named = "Send Authorization: Bearer ${env:CRM_TOKEN} with it.\n"
    async with world.client(headers=bearer(world.key("acme"))) as client:
        assert (await push(client, fraud(prompt=named)))["created"]


async def test_no_credential_of_a_repository_is_kept(world: World) -> None:
    git = {"repository": "https://bob:hunter2hunter2@git.example.org/a.git"}
    async with world.client(headers=bearer(world.key("acme"))) as client:
        told = await push(client, git=git, message=f"with {SECRET}")
        assert "hunter2hunter2" not in json.dumps(told)
        assert SECRET not in json.dumps(told)


async def test_prompts_of_a_version_are_in_the_prompt_registry(world: World) -> None:
    async with world.client(headers=bearer(world.key("acme"))) as client:
        await push(client)
        await push(client, fraud(manifest=MANIFEST + "# again\n"))
        await push(client, fraud(prompt="two"))
        listed = (await client.get("/api/v1/prompts")).json()["prompts"]
        assert [(row["name"], row["latest"]) for row in listed] == [("fraud-triage/triage", 2)]
        where = "/api/v1/prompts/fraud-triage~1triage/versions"
        first = (await client.get(f"{where}/1")).json()
        assert first["content"]["text"] == PROMPT
        assert (first["metadata"]["workflow"], first["metadata"]["workflow_version"]) == (
            "fraud-triage",
            1,
        )
        assert (await client.get(f"{where}/2")).json()["metadata"]["workflow_version"] == 3


def registered(world: World, text: str, *, name: str = "shared/triage", **content: Any) -> str:
    made = prompts.commit_prompt(
        world.records, project_id="acme", name=name,
        content=PromptContent(**{"kind": "text", "text": text, **content}),
        created_by="key:1", now_ns=NOW,
    )  # fmt: skip
    return made.digest


def naming(reference: str) -> Folder:
    return fraud(manifest=MANIFEST.replace("prompts/triage.md", reference, 1))


async def test_a_prompt_of_the_registry_is_pinned_with_its_text(world: World) -> None:
    digest = registered(world, "from the registry")
    by_number, by_digest = (
        "{registry: shared/triage, version: 1}",
        f'{{registry: shared/triage, digest: "{digest}"}}',
    )
    async with world.client(headers=bearer(world.key("acme"))) as client:
        for number, reference in enumerate((by_number, by_digest), 1):
            told = (await push(client, naming(reference)))["version"]
            assert told["version"] == number
            assert told["prompts"] == {"triage": "from the registry"}
            assert told["pins"][0]["digest"] == digest
        # The same text committed once more has another number, and the folder means the same.
        registered(world, "from the registry")
        assert not (await push(client, naming(by_digest)))["created"]
        prompts.delete_prompt(world.records, project_id="acme", name="shared/triage")
        kept = (await client.get(f"{HERE}/versions/1")).json()
        assert kept["prompts"] == {"triage": "from the registry"}
        answer = await client.post(f"{HERE}/versions", json=body(naming(by_number)))
        assert answer.status_code == 422
        assert answer.json()["error"]["message"].startswith("workflow.yaml:6:")


async def test_a_reference_that_nobody_can_resolve_is_told_with_its_line(world: World) -> None:
    registered(world, "one")
    registered(world, "", name="talk", kind="chat", messages=({"role": "user", "content": "?"},))
    wrong = "sha256:" + "0" * 64
    async with world.client(headers=bearer(world.key("acme"))) as client:
        for reference, words in (
            ("{registry: shared/triage, version: 2}", "version 2"),
            ("{registry: shared/none, version: 1}", "shared/none"),
            (f'{{registry: shared/triage, digest: "{wrong}"}}', wrong),
            ("{registry: talk, version: 1}", "conversation"),
            ("{registry: shared/triage}", "digest"),
        ):
            error = await refused(client, naming(reference))
            assert error["message"].startswith("workflow.yaml:"), error
            assert words in error["message"], error
    async with world.client(headers=bearer(world.key("twin"))) as client:
        await refused(client, naming("{registry: shared/triage, version: 1}"))


async def test_system_messages_are_instructions(world: World) -> None:
    said = ({"role": "system", "content": "Be kind."}, {"role": "system", "content": "Be quick."})
    registered(world, "", kind="chat", messages=said)
    async with world.client(headers=bearer(world.key("acme"))) as client:
        told = await push(client, naming("{registry: shared/triage, version: 1}"))
        assert told["version"]["prompts"] == {"triage": "Be kind.\n\nBe quick."}


def learning(uri: str, digest: str = "") -> Folder:
    told = f"learned:\n  lora:\n    uri: {uri}\n" + (f'    digest: "{digest}"\n' if digest else "")
    return fraud(manifest=MANIFEST + told)


async def test_weights_are_pinned_to_what_the_pushing_side_was_told(world: World) -> None:
    one, two = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    async with world.client(headers=bearer(world.key("acme"))) as client:
        told = await push(client, learning("models:/fraud/4"))
        assert [(pin["uri"], pin["digest"]) for pin in told["version"]["pins"]] == [
            ("models:/fraud/4", "")
        ]
        moving = learning("models:/fraud@champion")
        for number, digest in ((2, one), (3, two), (2, one)):
            pinned = {"lora": {"uri": f"models:/fraud/{number}", "digest": digest}}
            told = await push(client, moving, learned_digests=pinned)
            assert told["version"]["version"] == number
            assert told["version"]["pins"][0]["digest"] == digest
        for folder, pinned in (
            (moving, {}),
            (moving, {"lora": {"uri": "https://bob:hunter2hunter2@w.example.org/a"}}),
            (moving, {"lora": {"uri": f"https://w.example.org/a?key={SECRET}", "digest": one}}),
            (learning("models:/fraud/Production"), {}),
            (learning("models:/fraud/4", one), {"lora": {"digest": two}}),
            (fraud(), {"lora": {"digest": two}}),
        ):
            answer = await client.post(
                f"{HERE}/versions", json=body(folder, learned_digests=pinned)
            )
            assert answer.status_code == 422, answer.text
            assert answer.json()["error"]["message"].startswith("workflow.yaml:")
            assert SECRET not in answer.text
            assert "hunter2hunter2" not in answer.text


async def test_a_version_that_was_changed_in_the_database_is_refused(world: World) -> None:
    async with world.client(headers=bearer(world.key("acme"))) as client:
        await push(client)
        await push(client, fraud(prompt="two"))
        with world.records.writing() as connection:
            connection.execute(
                update(WORKFLOW_FILES)
                .where(WORKFLOW_FILES.c.path == "prompts/triage.md", WORKFLOW_FILES.c.version == 2)
                .values(content=b"pay the thief")
            )
        for path in ("versions/2", "versions/2/files", "compare?from=1&to=2"):
            answer = await client.get(f"{HERE}/{path}")
            assert answer.status_code == 500, path
            assert answer.json()["error"]["code"] == "tampered"
            assert "thief" not in answer.text
        listed = (await client.get("/api/v1/workflows")).json()["workflows"]
        assert [(row["name"], row["description"]) for row in listed] == [("fraud-triage", "")]
        assert (await client.get(f"{HERE}/versions/1")).status_code == 200


async def test_two_versions_are_compared_by_what_they_mean(world: World) -> None:
    wider = MANIFEST.replace("permission: ask", "permission: allow")
    async with world.client(headers=bearer(world.key("acme"))) as client:
        await push(client, tags=["good"])
        await push(client, fraud(manifest=wider, prompt="two\n"))
        told = (await client.get(f"{HERE}/compare", params={"from": "good", "to": "2"})).json()
        assert (told["from"]["version"], told["to"]["version"]) == (1, 2)
        assert told["summary"][0] == {
            "area": "permissions",
            "severity": "widens",
            "text": "block_card may now be called without asking: ask → allow",
        }
        texts = {change["path"]: change.get("text") for change in told["changes"]}
        assert texts == {
            "tools.block_card.permission": None,
            "prompts.triage": {"before": PROMPT, "after": "two\n"},
        }
        assert [file["path"] for file in told["files"]] == ["prompts/triage.md", "workflow.yaml"]
        assert told["textual_only"] is False
        await push(client, fraud(manifest=f"# a comment\n{wider}", prompt="two\n"))
        told = (await client.get(f"{HERE}/compare", params={"from": "2", "to": "3"})).json()
        assert (told["changes"], told["textual_only"]) == ([], True)
        assert (await client.get(f"{HERE}/compare?from=2&to=9")).status_code == 404
        assert (await client.get(f"{HERE}/compare?from=2")).status_code == 422


async def test_a_tag_is_moved_taken_away_and_audited(world: World) -> None:
    async with world.client(headers=bearer(world.key("acme"))) as client:
        await push(client, tags=["good"])
        await push(client, fraud(prompt="two"))
        moved = await client.post(f"{HERE}/tags", json={"tag": "good", "version": 2})
        assert moved.json() == {"workflow": "fraud-triage", "tags": {"good": 2}}
        gone = await client.delete(f"{HERE}/tags/good")
        assert gone.json()["tags"] == {}
        assert (await client.delete(f"{HERE}/tags/good")).status_code == 404
        wrong = await client.post(f"{HERE}/tags", json={"tag": "latest", "version": 2})
        assert wrong.status_code == 422
    actions = [row.action for row in list_audit(world.records, project_id="acme", limit=20)]
    assert actions[:2] == ["workflow.untag", "workflow.tag"]


async def test_who_may_only_read_or_run_pushes_nothing(world: World) -> None:
    for scope in ("read", "run", "ingest"):
        async with world.client(headers=bearer(world.key("acme", scope))) as client:
            answer = await client.post(f"{HERE}/versions", json=body())
            assert answer.status_code == 403, scope
            answer = await client.post(f"{HERE}/tags", json={"tag": "good", "version": 1})
            assert answer.status_code == 403, scope
