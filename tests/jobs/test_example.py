"""The example's process: one at a time, its words kept and bounded, nothing left running."""

import time

import pytest

from quarterdeck.demo import model
from quarterdeck.errors import Conflict, Misconfigured
from quarterdeck.jobs import example
from quarterdeck.jobs.example import Example, Progress


def make(code: str, monkeypatch: pytest.MonkeyPatch, *, missing: bool = False) -> Example:
    """Runs Python instead of the demo: whether its model is installed here does not matter."""
    # The one look at what is installed: this machine's packages are not what is tested.
    monkeypatch.setattr(example, "missing", lambda: ["pip install it"] if missing else [])
    return Example(url=lambda: "http://127.0.0.1:4318", now_ns=time.time_ns, command=("-c", code))


def over(one: Example) -> Progress:
    deadline = time.monotonic() + 30
    while one.progress().state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return one.progress()


def test_what_it_needs_is_what_the_demo_needs() -> None:
    assert (example.INSTALL_ENGINE, example.INSTALL_FILE) == (
        model.INSTALL_ENGINE,
        model.INSTALL_FILE,
    )
    assert (example.PACKAGE, example.FILE) == (model.PACKAGE, model.FILE)
    told = ""
    try:
        model.check_installed()
    except Misconfigured as error:
        told = error.hint
    steps = example.missing()
    assert bool(told) == bool(steps)
    assert all(step in told for step in steps)


def test_it_is_told_where_to_report_and_with_which_key(monkeypatch: pytest.MonkeyPatch) -> None:
    names = "('QUARTERDECK_URL', 'QUARTERDECK_API_KEY')"
    one = make(f"import os\nfor name in {names}: print(os.environ[name])", monkeypatch)
    assert one.progress() == ("never", None, None, [], "")
    one.start(project_id="acme", key=lambda: "qd_made_for_it")
    told = over(one)
    assert (told.state, told.lines) == ("ended", ["http://127.0.0.1:4318", "qd_made_for_it"])
    assert told.started_ns is not None
    assert told.ended_ns is not None
    assert told.started_ns <= told.ended_ns


def test_its_words_are_bounded_and_drive_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "print('\\x1b[31m' + 'x' * 10**6)\nfor n in range(1000): print(n)"
    one = make(code, monkeypatch)
    one.start(project_id="acme", key=str)
    lines = over(one).lines
    assert len(lines) == 200
    assert lines[-1] == "999"
    one = make("print('\\x1b[31m' + 'x' * 2000)", monkeypatch)
    one.start(project_id="acme", key=str)
    lines = over(one).lines
    assert all(len(line) <= 300 and line.isprintable() for line in lines)


def test_one_runs_at_a_time_and_stop_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    one = make("import time; time.sleep(600)", monkeypatch)
    one.start(project_id="acme", key=str)

    def never() -> str:
        raise AssertionError("no key is made for what does not start")

    with pytest.raises(Conflict):
        one.start(project_id="acme", key=never)
    one.stop()
    assert over(one).state == "failed"
    one.stop()


def test_where_the_model_is_missing_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    one = make("print(1)", monkeypatch, missing=True)
    with pytest.raises(Misconfigured) as raised:
        one.start(project_id="acme", key=str)
    assert "pip install it" in raised.value.hint
    assert one.progress().state == "never"


def test_its_command_is_a_fixed_one_of_ours() -> None:
    assert example.COMMAND == ("-m", "quarterdeck.cli.main", "demo", "--yes")
