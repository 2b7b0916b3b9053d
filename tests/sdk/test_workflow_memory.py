"""What a version says of memory: whose it is, how long it stays, who may write.  Under a second."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import quarterdeck as qd
from quarterdeck.errors import Forbidden, Invalid, NotFound
from quarterdeck.sdk.workflow.workflow import Workflow
from sdk.receiver import Receiver, receiving, recording

MANIFEST = """\
name: desk
agents:
  triage: {memory: [notes, limits, steps]}
  clerk: {memory: [limits]}
  guest: {}
memory:
  notes: {scope: user, ttl_days: 2}
  limits: {writers: [clerk]}
  steps: {scope: task, writers: []}
"""


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving() as made, recording(made.url, tmp_path / "spool"):
        yield made


@pytest.fixture
def flow(tmp_path: Path) -> Workflow:
    (tmp_path / "workflow.yaml").write_text(MANIFEST)
    return qd.load_workflow(path=tmp_path)


def test_scope_and_lifetime_are_the_versions(receiver: Receiver, flow: Workflow) -> None:
    with qd.session("x", user="u-7", task_type="refund"):
        notes = flow.memory("notes", agent="triage")
        assert (notes.namespace, notes.scope) == ("notes", "user:u-7")
        assert flow.memory("steps").scope == "task:refund"
        assert flow.memory("limits").scope == ""


def test_who_may_only_read_writes_nothing(receiver: Receiver, flow: Workflow) -> None:
    with qd.session("x", task_type="refund"):
        for memory in (flow.memory("limits", agent="triage"), flow.memory("steps", agent="triage")):
            assert memory.put("refund", "any amount") is False
            assert memory.delete("refund") is False
        assert type(flow.memory("limits", agent="clerk")) is qd.Memory
    qd.flush()
    # A write that is tried is a span.
    assert [span.name for span in receiver.spans()] == ["session"]


def test_what_is_not_given_is_refused_with_the_reason(receiver: Receiver, flow: Workflow) -> None:
    with pytest.raises(Forbidden, match="does not give 'guest' the memory 'limits'"):
        flow.memory("limits", agent="guest")
    with pytest.raises(NotFound, match="no namespace of memory 'note'"):
        flow.memory("note")
    with pytest.raises(NotFound, match="no agent 'trriage'"):
        flow.memory("notes", agent="trriage")
    with qd.session("x"), pytest.raises(Invalid, match="of one user, and none is known here"):
        flow.memory("notes", agent="triage")
