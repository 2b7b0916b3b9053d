"""What prompts, their versions and labels promise, on SQLite and on PostgreSQL."""

import hashlib
import threading
from typing import Any

import pytest

from quarterdeck.errors import Conflict, Invalid, NotFound
from quarterdeck.storage.records import projects, prompts
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.storage.records.prompt_labels import list_label_moves, list_labels
from quarterdeck.storage.records.prompts import PromptContent, PromptVersion

NOW = 1_790_000_000_000_000_000
CRITIC = PromptContent(
    kind="chat",
    messages=({"role": "system", "content": "Judge {{answer}}."},),
    templating="mustache",
    model="gpt-4o",
    parameters={"temperature": 0.2},
)


@pytest.fixture(autouse=True)
def two_projects(records: Records) -> None:
    for project_id in ("acme", "twin"):
        projects.create_project(records, project_id=project_id, now_ns=NOW)


def commit(records: Records, text: str = "hello", **other: Any) -> PromptVersion:
    options: dict[str, Any] = {
        "project_id": "acme",
        "name": "critic",
        "content": PromptContent(kind="text", text=text),
        "created_by": "local",
        "now_ns": NOW,
        **other,
    }
    return prompts.commit_prompt(records, **options)


def test_a_version_comes_back_as_it_was_committed(records: Records) -> None:
    content = PromptContent(
        kind="chat",
        messages=CRITIC.messages,
        templating="mustache",
        model="gpt-4o",
        provider="openai",
        parameters={"temperature": 0.2, "stop": ["\x00", "\ud83d", "é"]},
        tools=({"type": "function", "function": {"name": "refund"}},),
        response_format={"type": "json_object"},
        source={"langsmith": {"lc": 1, "id": ["langchain"]}},
    )
    made = commit(
        records,
        content=content,
        name="team/critic",
        message="stricter",
        labels=("staging", "production"),
        version_metadata={"ticket": 7},
        description="judges",
        tags=("quality",),
        metadata={"owner": "qa"},
    )
    assert made.version == 1
    assert made.content == content
    assert made.labels == ("production", "staging")
    assert (made.message, made.metadata) == ("stricter", {"ticket": 7})
    assert prompts.find_version(records, project_id="acme", name="team/critic") == made
    prompt = prompts.find_prompt(records, project_id="acme", name="team/critic")
    assert (prompt.description, prompt.tags, prompt.metadata, prompt.latest) == (
        "judges",
        ("quality",),
        {"owner": "qa"},
        1,
    )


def test_the_digest_says_what_the_content_is_and_nothing_else(records: Records) -> None:
    first = commit(records, content=CRITIC, message="one")
    spelled = PromptContent(
        kind="chat",
        messages=({"content": "Judge {{answer}}.", "role": "system"},),
        templating="mustache",
        model="gpt-4o",
        parameters={"temperature": 0.2},
        source={"opik": {"any": "thing"}},
    )
    elsewhere = commit(records, content=spelled, name="other", project_id="twin")
    assert elsewhere.digest == first.digest
    # The same bytes on every server, forever: workflow versions will name prompts by it.
    canonical = (
        b'{"kind":"chat","messages":[{"content":"Judge {{answer}}.","role":"system"}],'
        b'"model":"gpt-4o","parameters":{"temperature":0.2},"templating":"mustache"}'
    )
    assert first.digest == "sha256:" + hashlib.sha256(canonical).hexdigest()
    assert commit(records, content=PromptContent(kind="text")).digest != first.digest


def test_versions_count_from_one_and_are_found_by_all_that_names_them(records: Records) -> None:
    first, second, third = (commit(records, text) for text in ("a", "b", "c"))
    assert [first.version, second.version, third.version] == [1, 2, 3]

    def found(**by: Any) -> int:
        return prompts.find_version(records, project_id="acme", **by).version

    prompts.set_labels(
        records, project_id="acme", name="critic", version=2, labels=["production"],
        moved_by="local", now_ns=NOW,
    )  # fmt: skip
    assert found(name="critic") == 3
    assert found(prompt_id=first.prompt_id) == 3
    assert found(name="critic", version=1) == 1
    assert found(name="critic", label="production") == 2
    assert found(name="critic", label="latest") == 3
    assert found(version_id=second.version_id) == 2
    assert found(digest=first.digest) == 1
    assert found(name="critic", digest=first.digest.removeprefix("sha256:")[:8]) == 1
    prompts.set_labels(
        records, project_id="acme", name="critic", version=1, labels=["latest"],
        moved_by="local", now_ns=NOW,
    )  # fmt: skip
    assert found(name="critic", label="latest") == 1
    listed = prompts.list_versions(records, project_id="acme", name="critic", limit=2)
    assert [version.version for version in listed] == [3, 2]
    assert listed[1].labels == ("production",)


NOT_THERE: tuple[dict[str, Any], ...] = (
    {},
    {"name": "none"},
    {"name": "a\x00b"},
    {"name": "\udcff"},
    {"name": "x" * 5000},
    {"name": "critic", "version": 2},
    {"name": "critic", "version": 0},
    {"name": "critic", "version": 2**70},
    {"name": "critic", "label": "production"},
    {"name": "critic", "label": "\x00"},
    {"name": "critic", "digest": "sha256:%"},
    {"name": "critic", "version_id": "none"},
    {"prompt_id": "none"},
    {"label": "latest"},
)


def test_what_is_not_there_is_not_found(records: Records) -> None:
    commit(records)
    for by in NOT_THERE:
        with pytest.raises(NotFound):
            prompts.find_version(records, project_id="acme", **by)


def test_another_project_finds_nothing(records: Records) -> None:
    made = commit(records, labels=("production",))
    ways: tuple[dict[str, Any], ...] = (
        {"name": "critic"},
        {"prompt_id": made.prompt_id},
        {"version_id": made.version_id},
        {"digest": made.digest},
    )
    for by in ways:
        with pytest.raises(NotFound):
            prompts.find_version(records, project_id="twin", **by)
    assert prompts.list_prompts(records, project_id="twin") == ([], 0)
    assert commit(records, project_id="twin").version == 1
    with pytest.raises(NotFound):
        commit(records, project_id="none")


def test_equal_content_is_the_same_version_where_the_client_wants_it_so(records: Records) -> None:
    first = commit(records, "a")
    commit(records, "b")
    assert commit(records, "a", reuse_equal=True, labels=("production",)).version == 1
    assert commit(records, "a").version == 3
    assert commit(records, "a", reuse_equal=True).version == 3
    told = PromptContent(kind="text", text="a", source={"langsmith": {"lc": 1}})
    # Nothing that a client needs to get back is lost for being equal otherwise.
    assert commit(records, content=told, reuse_equal=True).version == 4
    assert commit(records, content=told, reuse_equal=True).version == 4
    assert prompts.find_version(
        records, project_id="acme", name="critic", label="production"
    ).version == first.version  # fmt: skip


def test_a_commit_sent_again_is_one_version(records: Records) -> None:
    sent = commit(records, "a", version_id="0196")
    assert commit(records, "a", version_id="0196") == sent
    with pytest.raises(Conflict):
        commit(records, "b", version_id="0196")
    with pytest.raises(Conflict):
        commit(records, "a", version_id="0196", name="other")
    with pytest.raises(NotFound):
        prompts.find_prompt(records, project_id="acme", name="other")
    assert commit(records, "a", version_id="0196", project_id="twin").version == 1


def test_a_label_points_at_one_version_and_remembers_every_move(records: Records) -> None:
    commit(records, "a", labels=("production",), created_by="ann")
    commit(records, "b", labels=("staging",), created_by="ann", now_ns=NOW + 1)

    def move(version: int, by: str, at: int) -> None:
        prompts.set_labels(
            records, project_id="acme", name="critic", version=version, labels=["production"],
            moved_by=by, now_ns=NOW + at,
        )  # fmt: skip

    move(2, "bob", 2)
    move(2, "bob", 3)
    move(1, "cho", 4)
    prompts.remove_label(
        records, project_id="acme", name="critic", label="staging", moved_by="dee", now_ns=NOW + 5
    )
    labels = list_labels(records, project_id="acme", name="critic")
    assert [(label.label, label.version, label.moved_by) for label in labels] == [
        ("production", 1, "cho")
    ]
    moves = list_label_moves(records, project_id="acme", name="critic")
    assert [
        (move.label, move.from_version, move.to_version, move.moved_ns - NOW, move.moved_by)
        for move in moves
    ] == [
        ("staging", 2, None, 5, "dee"),
        ("production", 2, 1, 4, "cho"),
        ("production", 1, 2, 2, "bob"),
        ("staging", None, 2, 1, "ann"),
        ("production", None, 1, 0, "ann"),
    ]
    with pytest.raises(NotFound):
        move(9, "eve", 6)
    with pytest.raises(NotFound):
        prompts.remove_label(
            records, project_id="acme", name="critic", label="staging", moved_by="", now_ns=NOW
        )


def test_the_number_of_a_deleted_version_is_not_given_again(records: Records) -> None:
    commit(records, "a", labels=("production",))
    commit(records, "b", labels=("production",))
    prompts.delete_version(
        records, project_id="acme", name="critic", version=2, deleted_by="ann", now_ns=NOW + 1
    )
    assert list_labels(records, project_id="acme", name="critic") == []
    moved = list_label_moves(records, project_id="acme", name="critic")[0]
    assert (moved.from_version, moved.to_version, moved.moved_by) == (2, None, "ann")
    assert prompts.find_prompt(records, project_id="acme", name="critic").latest == 1
    assert commit(records, "c").version == 3
    with pytest.raises(NotFound):
        prompts.delete_version(
            records, project_id="acme", name="critic", version=2, deleted_by="", now_ns=NOW
        )


def test_prompts_are_listed_by_name_and_found_by_part_tag_and_label(records: Records) -> None:
    commit(records, name="b/critic", tags=("é", 'a"b'))
    commit(records, name="B/planner", labels=("production",))
    commit(records, name="a%_", tags=("e",))

    def names(**by: Any) -> list[str]:
        found = prompts.list_prompts(records, project_id="acme", **by)
        return [prompt.name for prompt in found.items]

    assert names() == ["B/planner", "a%_", "b/critic"]
    assert names(containing="B/") == ["B/planner", "b/critic"]
    assert names(containing="%_") == ["a%_"]
    assert names(tag="é") == names(tag='a"b') == ["b/critic"]
    assert names(tag="a") == []
    assert names(label="production") == ["B/planner"]
    assert names(label="none") == names(label="\x00") == []
    assert names(offset=1, limit=1) == ["a%_"]
    assert prompts.list_prompts(records, project_id="acme", limit=1).total == 3


def test_a_prompt_is_made_once_changed_and_deleted_with_all_of_it(records: Records) -> None:
    made = prompts.create_prompt(
        records, project_id="acme", name="empty", tags=("x",), created_by="ann", now_ns=NOW
    )
    assert (made.latest, made.tags, made.created_by) == (0, ("x",), "ann")
    with pytest.raises(Conflict):
        prompts.create_prompt(records, project_id="acme", name="empty", created_by="", now_ns=NOW)
    with pytest.raises(NotFound):
        prompts.find_version(records, project_id="acme", name="empty")
    changed = prompts.update_prompt(
        records, project_id="acme", name="empty", description="d", now_ns=NOW + 5
    )
    assert (changed.description, changed.tags, changed.updated_ns) == ("d", ("x",), NOW + 5)
    commit(records, name="empty", labels=("production",))
    prompts.delete_prompt(records, project_id="acme", name="empty")
    with pytest.raises(NotFound):
        prompts.find_prompt(records, project_id="acme", name="empty")
    assert commit(records, name="empty").version == 1
    assert list_label_moves(records, project_id="acme", name="empty") == []


def test_deleting_a_project_takes_its_prompts_with_it(records: Records) -> None:
    commit(records, labels=("production",))
    kept = commit(records, project_id="twin", labels=("production",))
    projects.delete_project(records, "acme")
    projects.create_project(records, project_id="acme", now_ns=NOW)
    assert prompts.list_prompts(records, project_id="acme").total == 0
    assert prompts.find_version(records, project_id="twin", name="critic") == kept


def test_a_name_that_no_database_keeps_is_refused(records: Records) -> None:
    for bad in ("", "a\x00b", "\ud83d", "x" * 401):
        with pytest.raises(Invalid):
            commit(records, name=bad)
        with pytest.raises(Invalid):
            commit(records, labels=(bad,))


def test_replicas_that_commit_together_never_give_one_number_twice(
    records: Records, records_url: str
) -> None:
    made: list[PromptVersion] = []
    failures: list[BaseException] = []
    start = threading.Barrier(4)

    def replica(number: int) -> None:
        own = open_records(records_url)
        try:
            start.wait()
            for step in range(5):
                made.append(commit(own, f"{number}.{step}", labels=("production",)))
                commit(own, "the same", name="equal", reuse_equal=True)
        except BaseException as error:  # noqa: BLE001  # the thread's failure is the test's
            failures.append(error)
        finally:
            own.close()

    threads = [threading.Thread(target=replica, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(version.version for version in made) == list(range(1, 21))
    moves = list_label_moves(records, project_id="acme", name="critic")
    # Each move begins where the one before it ended: none was lost or told twice.
    assert [move.to_version for move in moves] == list(range(20, 0, -1))
    assert [move.from_version for move in moves] == [*range(19, 0, -1), None]
    assert prompts.find_prompt(records, project_id="acme", name="equal").latest == 1
