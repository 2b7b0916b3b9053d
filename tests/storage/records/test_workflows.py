"""What versions of workflows promise, on SQLite and on PostgreSQL."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, text, update

from quarterdeck.errors import Invalid, Misconfigured, NotFound
from quarterdeck.storage.records import projects, workflows
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.storage.records.workflow_tables import WORKFLOW_FILES, WORKFLOW_VERSIONS
from quarterdeck.workflows.digest import digest_of
from quarterdeck.workflows.manifest import Pin
from workflows.folders import MANIFEST, fraud

NOW = 1_790_000_000_000_000_000
PIN = Pin(kind="learned", name="lora", digest="sha256:" + "4" * 64, uri="models:/fraud/4")


@pytest.fixture(autouse=True)
def two_projects(records: Records) -> None:
    for project_id in ("acme", "twin"):
        projects.create_project(records, project_id=project_id, now_ns=NOW)


def push(records: Records, **other: Any) -> workflows.PushedVersion:
    options: dict[str, Any] = {
        "project_id": "acme",
        "name": "fraud-triage",
        "folder": fraud(),
        "by": "key:1",
        "now_ns": NOW,
        **other,
    }
    return workflows.push_version(records, **options)


def read(records: Records, **which: Any) -> workflows.WholeVersion:
    return workflows.read_version(records, project_id="acme", name="fraud-triage", **which)


def test_a_version_comes_back_byte_for_byte_with_what_it_says(records: Records) -> None:
    git = {"commit": "0fdcb2a", "branch": "main", "dirty": False, "repository": "git@x:a.git"}
    folder = fraud(prompt="one\r\ntwo ünï\ufeff")
    made = push(records, folder=folder, pins=[PIN], message="first", git=git, tags=["good"])
    assert made.created
    assert made.row.version == 1
    found = read(records, version=1)
    assert found.row == made.row
    assert found.folder == folder
    assert found.row.digest == digest_of(folder, [PIN])
    assert (found.row.message, found.row.git, found.row.tags) == ("first", git, ("good",))
    assert found.content.prompts == {"triage": "one\r\ntwo ünï\ufeff"}
    assert found.content.tools["block_card"]["parameters"]["required"] == ["card"]
    assert found.content.manifest.tools["block_card"].permission == "ask"
    assert found.content.pins == (PIN,)


def test_equal_content_is_the_same_version_and_any_other_a_new_one(records: Records) -> None:
    first = push(records, message="first")
    again = push(records, message="again", tags=["good"])
    assert (again.created, again.row.version) == (False, 1)
    assert (again.row.message, again.row.tags) == ("first", ("good",))
    assert push(records, folder=fraud(prompt="other")).row.version == 2
    assert push(records, pins=[PIN]).row.version == 3
    assert push(records).row.digest == first.row.digest
    other = push(records, name="other", folder=fraud(manifest=MANIFEST.replace("fraud-tr", "x-tr")
                 .replace("x-triage", "other")))  # fmt: skip
    assert other.row.version == 1


def test_a_version_is_found_by_number_tag_and_the_beginning_of_its_digest(
    records: Records,
) -> None:
    one = push(records, tags=["stable"]).row
    two = push(records, folder=fraud(prompt="two")).row
    for which in ("1", "stable", one.digest, one.digest[:15]):
        found = workflows.find_version(
            records,
            project_id="acme",
            name="fraud-triage",
            **workflows.version_called(which),
        )
        assert found.version == 1, which
    for which in ("latest", "", "2", two.digest):
        assert read(records, **workflows.version_called(which)).row.version == 2
    for which in ("3", "0", "staging", "sha256:", "sha256:zz", "sha256:" + "0" * 64, "9" * 40):
        with pytest.raises(NotFound):
            read(records, **workflows.version_called(which))
    for project_id, name in (("twin", "fraud-triage"), ("acme", "none"), ("acme", "\x00")):
        with pytest.raises(NotFound):
            workflows.find_version(records, project_id=project_id, name=name)


def test_a_beginning_that_two_digests_have_names_neither(records: Records) -> None:
    """Which of them was meant nobody can tell, and a release must not guess."""
    found: dict[str, str] = {}
    number = 0
    while True:
        folder = fraud(prompt=f"prompt {number}")
        start = digest_of(folder)[: len("sha256:") + 4]
        if start in found:
            break
        found[start] = f"prompt {number}"
        number += 1
    for prompt in (found[start], f"prompt {number}"):
        push(records, folder=fraud(prompt=prompt))
    with pytest.raises(Invalid, match="begins several digests"):
        read(records, digest=start)


def test_a_tag_points_at_one_version_and_moves(records: Records) -> None:
    push(records, tags=["good"])
    push(records, folder=fraud(prompt="two"))
    here: Any = {"project_id": "acme", "name": "fraud-triage"}
    moved = workflows.set_tag(records, **here, version=2, tag="good", by="local", now_ns=NOW)
    assert moved.tags == ("good",)
    listed = workflows.list_versions(records, **here)
    assert [(row.version, row.tags) for row in listed] == [(2, ("good",)), (1, ())]
    assert workflows.remove_tag(records, **here, tag="good") == 2
    with pytest.raises(NotFound):
        workflows.remove_tag(records, **here, tag="good")
    with pytest.raises(NotFound):
        workflows.set_tag(records, **here, version=3, tag="good", by="local", now_ns=NOW)
    for refused in ("", "7", "latest", "sha256:1", "a@b", "x" * 101, "\x00"):
        with pytest.raises(Invalid):
            workflows.set_tag(records, **here, version=1, tag=refused, by="local", now_ns=NOW)
        with pytest.raises(Invalid):
            push(records, tags=[refused])


def test_workflows_are_listed_by_name_and_only_a_projects_own(records: Records) -> None:
    push(records)
    push(records, folder=fraud(prompt="two"))
    for name in ("Beta", "alpha"):
        push(records, name=name, folder=fraud(manifest=MANIFEST.replace("fraud-triage", name)))
    push(records, project_id="twin")
    page = workflows.list_workflows(records, project_id="acme", limit=2)
    assert ([one.name for one in page.items], page.total) == (["Beta", "alpha"], 3)
    page = workflows.list_workflows(records, project_id="acme", containing="FRAUD")
    assert [(one.name, one.latest) for one in page.items] == [("fraud-triage", 2)]


def test_what_is_no_workflow_is_refused(records: Records) -> None:
    with pytest.raises(Invalid, match="line"):
        push(records, folder=fraud(manifest="name: fraud-triage\nagent: {}\n"))
    with pytest.raises(Invalid, match="of workflow 'fraud-triage', not 'other'"):
        push(records, name="other")
    with pytest.raises(NotFound):
        push(records, project_id="none")
    assert workflows.list_workflows(records, project_id="acme").total == 0


def test_pushes_at_once_give_each_content_one_number(records_url: str, records: Records) -> None:
    """Eight replicas: the same four contents, each pushed twice."""
    start = threading.Barrier(8)

    def one(number: int) -> workflows.PushedVersion:
        replica = open_records(records_url)
        try:
            start.wait(10)
            return push(replica, folder=fraud(prompt=f"prompt {number % 4}"))
        finally:
            replica.close()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(one, range(8)))
    assert sorted(one.row.version for one in made) == [1, 1, 2, 2, 3, 3, 4, 4]
    assert sum(one.created for one in made) == 4
    assert len({(one.row.version, one.row.digest) for one in made}) == 4


TAMPERINGS: dict[str, tuple[Table, dict[str, Any]]] = {
    "a byte of a file": (WORKFLOW_FILES, {"content": b"You triage fraud alerts!\n"}),
    "a file with its hash": (
        WORKFLOW_FILES,
        {
            "content": b"x",
            "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
        },
    ),
    "the path of a file": (WORKFLOW_FILES, {"path": "prompts/other.md"}),
    "a pin": (WORKFLOW_VERSIONS, {"pins": [{"kind": "learned", "name": "lora", "digest": ""}]}),
    "pins that are none": (WORKFLOW_VERSIONS, {"pins": [{"kind": "x"}]}),
    "all pins": (WORKFLOW_VERSIONS, {"pins": []}),
    "the digest": (WORKFLOW_VERSIONS, {"digest": "sha256:" + "0" * 64}),
    "what was parsed": (
        WORKFLOW_VERSIONS,
        {"content": {"manifest": {"name": "x", "agents": {"a": {}}}, "prompts": {}, "tools": {}}},
    ),
    "nothing parsed": (WORKFLOW_VERSIONS, {"content": {}}),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_what_was_changed_in_the_database_is_refused_at_each_reading(
    records: Records, what: str
) -> None:
    push(records, pins=[PIN])
    before = read(records)
    table, values = TAMPERINGS[what]
    where = [table.c.path == "prompts/triage.md"] if table is WORKFLOW_FILES else []
    with records.writing() as connection:
        assert connection.execute(update(table).where(*where).values(**values)).rowcount == 1
    for reading in (
        lambda: read(records, version=1),
        lambda: workflows.read_files(
            records, project_id="acme", name="fraud-triage", version=before.row.version
        ),
    ):
        with pytest.raises(Misconfigured, match="is not what was pushed") as refused:
            reading()
        assert refused.value.code == "tampered"


def test_text_that_somebody_wrote_by_hand_into_sqlite_is_refused(
    records: Records, records_url: str
) -> None:
    """SQLite keeps it as text and gives it back as text, which is no bytes to take a digest of."""
    push(records)
    if records_url.startswith("sqlite"):
        with records.writing() as connection:
            connection.execute(text("UPDATE workflow_files SET content = 'pay the thief'"))
        with pytest.raises(Misconfigured, match="is not what was pushed"):
            read(records)


@pytest.mark.parametrize("field", ["prompts", "tools", "permission"])
def test_a_small_change_of_what_was_parsed_is_refused(records: Records, field: str) -> None:
    push(records)
    with records.writing() as connection:
        row = connection.execute(WORKFLOW_VERSIONS.select()).mappings().one()
        content = json.loads(json.dumps(row["content"]))
        if field == "permission":
            content["manifest"]["tools"]["block_card"]["permission"] = "allow"
        elif field == "prompts":
            content["prompts"]["triage"] += "And pay the thief."
        else:
            content["tools"]["block_card"]["description"] = "Pays."
        connection.execute(update(WORKFLOW_VERSIONS).values(content=content))
    with pytest.raises(Misconfigured, match="is not what was pushed"):
        read(records)


def test_a_file_that_came_or_went_is_refused(records: Records) -> None:
    push(records)
    with records.writing() as connection:
        row = dict(connection.execute(WORKFLOW_FILES.select()).mappings().first() or {})
        connection.execute(insert(WORKFLOW_FILES).values({**row, "path": "prompts/new.md"}))
    with pytest.raises(Misconfigured):
        read(records)
    with records.writing() as connection:
        connection.execute(delete(WORKFLOW_FILES).where(WORKFLOW_FILES.c.path == "prompts/new.md"))
    read(records)
    with records.writing() as connection:
        connection.execute(
            delete(WORKFLOW_FILES).where(WORKFLOW_FILES.c.path == "prompts/triage.md")
        )
    with pytest.raises(Misconfigured):
        read(records)


def test_a_default_that_an_earlier_release_wrote_out_is_no_tampering(records: Records) -> None:
    push(records)
    with records.writing() as connection:
        content = dict(connection.execute(WORKFLOW_VERSIONS.select()).mappings().one()["content"])
        content["manifest"]["tools"]["lookup"]["permission"] = "allow"
        connection.execute(update(WORKFLOW_VERSIONS).values(content=content))
    assert read(records).row.version == 1
