"""The embedded engine as a guest in our process: one owner per folder, no traces left behind."""

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from quarterdeck.errors import Misconfigured, QuarterdeckError, TryAgain
from quarterdeck.storage.events import span_reads, span_writes
from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.connection import EventConnection, open_events
from quarterdeck.storage.events.faults import TooMuch, translate
from quarterdeck.storage.events.scope import ProjectScope
from storage.events.made import row, trace


def in_a_process(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def test_a_folder_that_another_process_holds_is_refused_by_name(chdb_engine: ChdbEngine) -> None:
    told = in_a_process(
        "import sys\n"
        "from quarterdeck.errors import Misconfigured\n"
        "from quarterdeck.storage.events.chdb import ChdbEngine\n"
        "try:\n"
        "    ChdbEngine.open(sys.argv[1])\n"
        "except Misconfigured as error:\n"
        "    print(error.message, error.hint)\n",
        str(chdb_engine.folder),
    )
    assert str(chdb_engine.folder) in told
    assert "another process has it open" in told
    assert "store/status" in told


def test_opening_leaves_signals_alone_and_empties_the_temporary_folder(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "payload").write_text("left by a killed process")
    told = in_a_process(
        "import signal, sys\n"
        "from quarterdeck.storage.events.connection import open_events\n"
        "before = signal.getsignal(signal.SIGTSTP)\n"
        "db = open_events(f'chdb://{sys.argv[1]}')\n"
        "print(db.rows('SELECT 1'), signal.pthread_sigmask(signal.SIG_BLOCK, []),\n"
        "      signal.getsignal(signal.SIGTSTP) == before)\n"
        "db.close()\n"
        "db.close()\n"
        "db = open_events(f'chdb://{sys.argv[1]}')\n"
        "print(db.rows('SELECT 2'))\n"
        "db.close()\n",
        str(tmp_path),
    )
    assert told.splitlines() == ["[(1,)] set() True", "[(2,)]"]
    assert list((tmp_path / "tmp").iterdir()) == []
    for folder in (tmp_path / "tmp", tmp_path / "backups"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "engine.xml").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "url", ["sqlite:///x", "chdb://host/x", "chdb:", "", "clickhous://x", "duckdb:///x"]
)
def test_a_url_of_no_store_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured):
        open_events(url)


def test_a_server_that_is_away_is_worth_another_try() -> None:
    db = open_events("clickhouse://user:secret@127.0.0.1:9/db")
    with pytest.raises(TryAgain) as refused:
        db.rows("SELECT 1")
    assert "secret" not in refused.value.message
    db.close()
    with pytest.raises(QuarterdeckError, match="closed"):
        db.rows("SELECT 1")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Code: 243. DB::Exception: Cannot reserve 1 MiB", TryAgain),
        ("Code: 241. DB::Exception: Memory limit exceeded", TooMuch),
        ("std::exception: No space left on device", TryAgain),
        ("Code: 516. DB::Exception: Authentication failed", Misconfigured),
        ("Code: 62. DB::Exception: Syntax error", QuarterdeckError),
        ("nothing known", QuarterdeckError),
    ],
)
def test_a_refusal_is_named_after_what_the_caller_can_do(
    text: str, error: type[QuarterdeckError]
) -> None:
    assert type(translate(text)) is error


def test_a_wrong_question_is_our_fault_and_the_next_one_is_answered(db: EventConnection) -> None:
    with pytest.raises(QuarterdeckError):
        db.rows("SELECT nonsense FROM nowhere")
    assert db.rows("SELECT 1") == [(1,)]


def test_a_stream_left_early_disturbs_nothing(db: EventConnection, scope: ProjectScope) -> None:
    span_writes.write_spans(db, [row(n, trace_id=trace(1)) for n in range(1, 50)])
    stream = db.stream("SELECT number FROM numbers(5000000)")
    assert next(stream).num_rows > 0
    assert len(span_reads.session_spans(db, scope, [trace(1)])) == 49
    stream.close()  # type: ignore[attr-defined]
    assert sum(b.num_rows for b in db.stream("SELECT number FROM numbers(200000)")) == 200_000
    db.release_memory()
    assert len(span_reads.session_spans(db, scope, [trace(1)])) == 49


def test_many_threads_share_a_connection(db: EventConnection, scope: ProjectScope) -> None:
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for n in range(5):
                span_writes.write_spans(db, [row(n + 1, trace_id=trace(number))])
                found = span_reads.session_spans(db, scope, [trace(number)])
                assert len(found) == n + 1
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
