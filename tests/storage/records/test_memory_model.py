"""
Memory against a model of it in plain Python: whatever was put, deleted, reverted, undone and
checkpointed in whatever order, each way of reading says what the model says.

The model keeps, for each write, the reverts that hide it.  It knows no numbers but the order of
its list, and no sets of the database.
"""

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from quarterdeck.errors import Conflict, NotFound
from quarterdeck.memories.addresses import Address
from quarterdeck.memories.selection import Selection
from quarterdeck.storage.records import memory_checkpoints, memory_reads, memory_reverts, projects
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.memory_history import history_of, memory_of_session
from quarterdeck.storage.records.memory_reads import Which
from quarterdeck.storage.records.memory_rows import Provenance
from quarterdeck.storage.records.memory_search import search_entries
from quarterdeck.storage.records.memory_upkeep import sweep_expired
from quarterdeck.storage.records.memory_writes import NewEntry, delete_entries, put_entries

NOW = 1_790_000_000_000_000_000
S = 1_000_000_000
OPERATIONS = 45

ADDRESSES = [
    Address(environment=environment, namespace=namespace, scope=scope, key=key)
    for environment in ("", "production")
    for namespace in ("facts", "rules")
    for scope in ("", "user:u-7")
    for key in ("a", "b/c")
]
SESSIONS = ("s-1", "s-2", "s-3")


@dataclass
class Logged:
    number: int
    address: Address
    value: Any
    deleted: bool
    provenance: Provenance
    at_ns: int
    expires_ns: int | None
    hidden_by: set[str] = field(default_factory=set)


@dataclass
class Model:
    log: list[Logged] = field(default_factory=list)
    # The numbers of the writes that were visible, by checkpoint, and the length of the log then.
    checkpoints: dict[str, tuple[int, set[int]]] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)
    # What a way back to a checkpoint showed again: write and the reverts that had hidden it.
    shown: dict[str, list[tuple[Logged, set[str]]]] = field(default_factory=dict)

    def visible(self) -> list[Logged]:
        return [write for write in self.log if not write.hidden_by]

    def view(self, writes: list[Logged], now_ns: int) -> dict[Address, Any]:
        deciding = {write.address: write for write in writes}
        return {
            address: write.value
            for address, write in deciding.items()
            if not write.deleted and (write.expires_ns is None or write.expires_ns > now_ns)
        }

    def meant(self, selection: Selection) -> list[Logged]:
        return [write for write in self.log if _is_meant(write, selection)]

    def revert(self, revert_id: str, selection: Selection) -> None:
        meant = self.meant(selection)
        if not selection.checkpoint:
            for write in meant:
                write.hidden_by.add(revert_id)
            return
        length, visible = self.checkpoints[selection.checkpoint]
        self.shown[revert_id] = []
        for write in meant:
            if write.number >= length:
                write.hidden_by.add(revert_id)
            elif not selection.is_back_to:
                continue
            elif write.number in visible and write.hidden_by:
                self.shown[revert_id].append((write, set(write.hidden_by)))
                write.hidden_by.clear()
            elif write.number not in visible and not write.hidden_by:
                write.hidden_by.add(revert_id)

    def undo(self, revert_id: str) -> None:
        self.undone.add(revert_id)
        for write in self.log:
            write.hidden_by.discard(revert_id)
        for write, hiders in self.shown.get(revert_id, []):
            write.hidden_by |= hiders - self.undone


def _is_meant(write: Logged, selection: Selection) -> bool:
    provenance = write.provenance
    return (
        selection.session_id in ("", provenance.session_id)
        and selection.workflow in ("", provenance.workflow)
        and selection.version in (None, provenance.version)
        and selection.user in ("", provenance.user)
        and (selection.since_ns is None or write.at_ns >= selection.since_ns)
        and (selection.until_ns is None or write.at_ns < selection.until_ns)
        and selection.environment in (None, write.address.environment)
        and selection.namespace in ("", write.address.namespace)
    )


class Run:
    """Both at once: each operation is done to the records and to the model."""

    def __init__(self, records: Records, seed: int) -> None:
        self.records = records
        self.chance = random.Random(seed)
        self.project_id = f"p{seed}"
        self.now_ns = NOW
        self.model = Model()
        self.reverts: list[str] = []
        projects.create_project(records, project_id=self.project_id, now_ns=NOW)

    def step(self) -> None:
        self.now_ns += self.chance.randint(0, 5) * S
        act = self.chance.choices(
            [self.put, self.delete, self.checkpoint, self.revert, self.undo, self.sweep],
            weights=[10, 3, 2, 4, 2, 1],
        )[0]
        act()

    def provenance(self) -> Provenance:
        chance = self.chance
        return Provenance(
            session_id=chance.choice(("", *SESSIONS)),
            user=chance.choice(("u-7", "u-8")),
            workflow=chance.choice(("triage", "billing")),
            version=chance.choice((1, 2)),
        )

    def put(self) -> None:
        provenance = self.provenance()
        addresses = [self.chance.choice(ADDRESSES) for _ in range(self.chance.randint(1, 4))]
        entries = [
            NewEntry(
                address=address,
                value={"n": self.chance.randint(0, 99)},
                ttl_s=self.chance.choice((None, None, None, 30)),
            )
            for address in addresses
        ]
        put_entries(
            self.records, project_id=self.project_id, entries=entries,
            provenance=provenance, by="key:1", now_ns=self.now_ns,
        )  # fmt: skip
        for entry in entries:
            self.log(entry.address, entry.value, provenance, ttl_s=entry.ttl_s)

    def log(
        self, address: Address, value: Any, provenance: Provenance, *, ttl_s: float | None = None
    ) -> None:
        expires_ns = None if ttl_s is None else self.now_ns + int(ttl_s) * S
        self.model.log.append(
            Logged(len(self.model.log), address, value, value is None, provenance, self.now_ns,
                   expires_ns)
        )  # fmt: skip

    def delete(self) -> None:
        provenance = self.provenance()
        asked = self.chance.sample(ADDRESSES, 3)
        there = self.model.view(self.model.visible(), self.now_ns)
        gone = delete_entries(
            self.records, project_id=self.project_id, addresses=asked,
            provenance=provenance, by="key:1", now_ns=self.now_ns,
        )  # fmt: skip
        assert gone == [address for address in asked if address in there]
        for address in gone:
            self.log(address, None, provenance)

    def checkpoint(self) -> None:
        name = f"c{len(self.model.checkpoints)}"
        memory_checkpoints.make_checkpoint(
            self.records, project_id=self.project_id, name=name, by="local", now_ns=self.now_ns
        )
        visible = {write.number for write in self.model.visible()}
        self.model.checkpoints[name] = (len(self.model.log), visible)

    def selection(self) -> Selection:
        chance = self.chance
        moments = [write.at_ns for write in self.model.log] or [NOW]
        choices: list[dict[str, Any]] = [
            {"session_id": chance.choice(SESSIONS)},
            {"workflow": "triage", "version": chance.choice((1, 2, None))},
            {"user": "u-7"},
            {"since_ns": chance.choice(moments)},
            {"until_ns": chance.choice(moments)},
            {},
        ]
        asked = chance.choice(choices)
        if self.model.checkpoints and (not asked or chance.random() < 0.3):
            asked["checkpoint"] = chance.choice(list(self.model.checkpoints))
        if chance.random() < 0.3:
            asked["namespace"] = "facts"
        if chance.random() < 0.3:
            asked["environment"] = chance.choice(("", "production"))
        return Selection(
            **(asked if set(asked) - {"namespace", "environment"} else {"user": "u-8"})
        )

    def revert(self) -> None:
        selection = self.selection()
        before = self.model.view(self.model.visible(), self.now_ns)
        plan = memory_reverts.plan_revert(
            self.records, project_id=self.project_id, selection=selection
        )
        options: dict[str, Any] = {
            "project_id": self.project_id, "selection": selection, "reason": "poisoned",
            "by": "local", "now_ns": self.now_ns, "plan_id": plan.plan_id,
        }  # fmt: skip
        if not plan.hidden and not plan.shown:
            with pytest.raises(Conflict):
                memory_reverts.revert_memory(self.records, **options)
            return
        made = memory_reverts.revert_memory(self.records, **options)
        assert (made.hidden, made.shown) == (plan.hidden, plan.shown)
        was_visible = {write.number for write in self.model.visible()}
        self.model.revert(made.revert_id, selection)
        self.reverts.append(made.revert_id)
        is_visible = {write.number for write in self.model.visible()}
        assert plan.hidden == len(was_visible - is_visible)
        assert plan.shown == len(is_visible - was_visible)
        self.check_plan(plan, before)
        if selection.is_back_to:
            self.check_back_to(selection)

    def check_plan(self, plan: memory_reverts.Plan, before: dict[Address, Any]) -> None:
        after = self.model.view(self.model.visible(), self.now_ns)
        goes = {_address(change): change for change in plan.goes}
        stays = {_address(change) for change in plan.stays}
        assert len(goes) == plan.goes_total
        assert not goes.keys() & stays
        changed = {address for address in ADDRESSES if before.get(address) != after.get(address)}
        assert changed <= goes.keys()
        assert all(before.get(address) == after.get(address) for address in stays)

    def check_back_to(self, selection: Selection) -> None:
        length, visible = self.model.checkpoints[selection.checkpoint]
        then = [write for write in self.model.log[:length] if write.number in visible]
        was = self.model.view(then, self.now_ns)
        now = self.read()
        for address in ADDRESSES:
            if selection.environment in (None, address.environment) and selection.namespace in (
                "",
                address.namespace,
            ):
                assert now.get(address) == was.get(address)

    def undo(self) -> None:
        if not self.reverts:
            return
        revert_id = self.chance.choice(self.reverts)
        options: dict[str, Any] = {
            "project_id": self.project_id,
            "by": "local",
            "now_ns": self.now_ns,
        }
        if revert_id in self.model.undone:
            with pytest.raises(Conflict):
                memory_reverts.undo_revert(self.records, revert_id=revert_id, **options)
            return
        memory_reverts.undo_revert(self.records, revert_id=revert_id, **options)
        self.model.undo(revert_id)

    def sweep(self) -> None:
        sweep_expired(self.records, now_ns=self.now_ns)

    def read(self, checkpoint: str = "") -> dict[Address, Any]:
        page = memory_reads.list_entries(
            self.records, project_id=self.project_id, which=Which(), checkpoint=checkpoint,
            now_ns=self.now_ns,
        )  # fmt: skip
        assert len({entry.address for entry in page.entries}) == len(page.entries)
        return {entry.address: entry.value for entry in page.entries}

    def check(self) -> None:
        now = self.model.view(self.model.visible(), self.now_ns)
        assert self.read() == now
        found = search_entries(
            self.records, project_id=self.project_id, which=Which(), limit=100, now_ns=self.now_ns
        )
        assert {one.entry.address: one.entry.value for one in found} == now
        address = self.chance.choice(ADDRESSES)
        try:
            got = memory_reads.get_entry(
                self.records, project_id=self.project_id, address=address, now_ns=self.now_ns
            )
            assert got.value == now[address]
        except NotFound:
            assert address not in now
        self.check_history(address)
        if self.model.checkpoints:
            name = self.chance.choice(list(self.model.checkpoints))
            length, visible = self.model.checkpoints[name]
            then = [write for write in self.model.log[:length] if write.number in visible]
            assert self.read(name) == self.model.view(then, self.now_ns)

    def check_history(self, address: Address) -> None:
        page = history_of(self.records, project_id=self.project_id, address=address)
        logged = [write for write in self.model.log if write.address == address]
        assert page.total == len(logged)
        for told, write in zip(page.writes, reversed(logged), strict=True):
            assert told.deleted == write.deleted
            assert told.hidden == bool(write.hidden_by)
            hiding = {one.revert_id for one in told.hidings if one.until_ns is None}
            assert hiding == write.hidden_by
            assert told.entry.provenance == write.provenance
        assert sum(told.current for told in page.writes) == any(
            not write.hidden_by for write in logged
        )


def _address(change: memory_reverts.Change) -> Address:
    row = change.now or change.after
    assert row is not None
    return Address(**{name: row[name] for name in ("environment", "namespace", "scope", "key")})


def run_against_the_model(records: Records, seeds: range) -> None:
    for seed in seeds:
        run = Run(records, seed)
        for _ in range(OPERATIONS):
            run.step()
            run.check()
        for session_id in SESSIONS:
            told = memory_of_session(records, project_id=run.project_id, session_id=session_id)
            wrote = [one for one in run.model.log if one.provenance.session_id == session_id]
            assert told.writes_total == len(wrote)


def test_memory_is_what_a_model_in_plain_python_says(records: Records) -> None:
    sqlite = records.engine.dialect.name == "sqlite"
    run_against_the_model(records, range(10 if sqlite else 3))
