"""
`make clients`: every client of the catalog, unchanged, against a real server.

For each: build its environment, start its driver's scenarios, each in a project of its own, wait
until the server has stored what it acknowledged, read the sessions through the public API, and
compare them with what the driver did.  Ends with 1 if a fact is missing or a client can't run.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from clients import environments, examples, facts, frameworks, locks, page, traffic
from clients.catalog import CLIENTS
from clients.client import Client, Run
from clients.drive import Driven, drive, prepare
from clients.environments import BuildError
from clients.facts import Facts, NotDescribedError
from clients.kept import kept_in
from clients.servers import Models, Place, Stages
from clients.shown import ShownSession, sessions_of

SHARED = Path(__file__).resolve().parents[3] / "shared"

_SETTLE_S = 20.0
"""Acknowledged to visible takes a second; a loaded machine takes longer."""
_LOOK_EVERY_S = 0.3


@dataclass(slots=True)
class Result:
    client: str
    package: str
    run: str
    sessions: int = 0
    met: int = 0
    total: int = 0
    seconds: float = 0.0
    missing: list[str] = field(default_factory=list)
    skipped: str = ""
    """Why it was not run; counts as a failure unless the run asked for it."""

    @property
    def passed(self) -> bool:
        return not self.missing and not self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    clients: tuple[Client, ...]
    runs: frozenset[str]
    """Empty: all."""
    quick: bool
    local: bool
    recorded: bool
    fresh: bool
    folder: Path


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _arguments(arguments)
    if asked.lock:
        locks.lock(asked.lock)
        return 0
    if asked.page:
        page.PAGE.write_text(page.text())
        return 0
    if not (SHARED / "clients").is_dir():
        sys.exit(f"The drivers are not here: {SHARED}/clients")
    folder = Path(tempfile.mkdtemp(prefix="quarterdeck-clients-"))
    others = asked.examples or asked.frameworks
    options = Options(
        clients=() if others else tuple(_chosen(asked.only)),
        runs=frozenset(filter(None, asked.run.split(","))),
        quick=asked.quick,
        local=asked.local,
        recorded=asked.traffic,
        fresh=asked.fresh,
        folder=folder,
    )
    results = []
    if asked.frameworks:
        proved = prove_frameworks(options, asked.only)
    else:
        proved = prove_examples(options, asked.only) if asked.examples else prove(options)
    try:
        for result in proved:
            results.append(result)
            if not asked.json:
                _print_row(result)
    finally:
        if asked.keep:
            sys.stderr.write(f"Kept in {folder}\n")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if asked.json:
        print(json.dumps([asdict(result) for result in results], indent=1))
    else:
        _print_end(results)
    return 0 if results and all(result.passed for result in results) else 1


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make clients CLIENTS=...", description=__doc__)
    parser.add_argument("--only", default="", help="names of clients, with commas between")
    parser.add_argument("--run", default="", help="names of their runs, with commas between")
    parser.add_argument("--quick", action="store_true", help="the few that CI runs")
    parser.add_argument(
        "--local", action="store_true", help="no accounts and no keys: a fresh server for each run"
    )
    parser.add_argument(
        "--traffic", action="store_true", help="recorded traffic instead of the drivers"
    )
    parser.add_argument(
        "--examples", action="store_true", help="the frameworks' examples instead of the clients"
    )
    parser.add_argument(
        "--frameworks", action="store_true",
        help="agents that frameworks build from a workflow version, instead of the clients",
    )  # fmt: skip
    parser.add_argument("--fresh", action="store_true", help="make the environments again")
    parser.add_argument("--keep", action="store_true", help="leave data and output, and say where")
    parser.add_argument("--json", action="store_true", help="results for machines")
    parser.add_argument("--page", action="store_true", help="write docs/reference/clients.md again")
    parser.add_argument("--lock", metavar="ENVIRONMENT", help="resolve its requirements again")
    return parser.parse_args(arguments)


def _chosen(only: str) -> Iterator[Client]:
    names = set(filter(None, only.split(",")))
    if unknown := names - {client.name for client in CLIENTS}:
        sys.exit(f"Not in the catalog: {', '.join(sorted(unknown))}")
    for client in CLIENTS:
        if not names or client.name in names:
            yield client


# -------------------------------------------------------------------------------- proving


def prove(options: Options) -> Iterator[Result]:
    """A result for each run, as it ends."""
    stages = Stages(options.folder, local=options.local)
    models = Models(SHARED / "clients", options.folder / "models")
    for name in {client.environment for client in options.clients} if options.fresh else ():
        environments.discard(name)
    try:
        for client in options.clients:
            for run in client.runs:
                if _is_asked(run, options):
                    yield from _prove_run(client, run, options, stages, models)
    finally:
        models.stop()
        stages.stop()


def prove_examples(options: Options, only: str) -> Iterator[Result]:
    """A result for each example, as it ends."""
    names = set(filter(None, only.split(",")))
    if unknown := names - {example.name for example in examples.EXAMPLES}:
        sys.exit(f"No example: {', '.join(sorted(unknown))}")
    stages = Stages(options.folder, local=options.local)
    try:
        for example in examples.EXAMPLES:
            if not names or example.name in names:
                yield _example_result(example, options, stages)
    finally:
        stages.stop()


def prove_frameworks(options: Options, only: str) -> Iterator[Result]:
    """A result for each framework's adapter, as it ends."""
    names = set(filter(None, only.split(",")))
    if unknown := names - {framework.name for framework in frameworks.FRAMEWORKS}:
        sys.exit(f"No framework: {', '.join(sorted(unknown))}")
    stages = Stages(options.folder, local=False)
    try:
        for framework in frameworks.FRAMEWORKS:
            if (not names or framework.name in names) and (framework.quick or not options.quick):
                yield _framework_result(framework, options, stages)
    finally:
        stages.stop()


def _framework_result(framework: frameworks.Framework, options: Options, stages: Stages) -> Result:
    package = frameworks.example_of(framework).package
    result = Result(framework.name, package, "workflow", total=frameworks.FACTS)
    began = time.monotonic()
    try:
        python = frameworks.build(framework)
    except BuildError as error:
        result.skipped = f"its environment can't be built: {error}"
        return result
    with stages.place(f"workflow-{framework.name}", scopes=frameworks.SCOPES) as place:
        folder = options.folder / framework.name
        result.missing = frameworks.prove(framework, place, python=python, folder=folder)
    result.sessions = 2
    result.met = max(result.total - len(result.missing), 0)
    result.seconds = round(time.monotonic() - began, 1)
    return result


def _example_result(example: examples.Example, options: Options, stages: Stages) -> Result:
    result = Result(example.name, example.package, "example")
    began = time.monotonic()
    try:
        python = examples.build(example)
    except BuildError as error:
        result.skipped = f"its environment can't be built: {error}"
        return result
    wanted = examples.facts_of(example.name)
    with stages.place(f"example-{example.name}") as place:
        folder = options.folder / example.name
        driven = examples.start(example, place, python=python, folder=folder)
        shown, missing = settled(place, wanted)
    printed = facts.not_printed(wanted, driven.output)
    result.total, result.sessions = facts.count(wanted), len(shown)
    result.missing = [*_ended(driven, Run(name="example")), *printed, *missing]
    result.met = max(result.total - len(result.missing), 0)
    result.seconds = round(time.monotonic() - began, 1)
    return result


def _is_asked(run: Run, options: Options) -> bool:
    return (run.quick or not options.quick) and (not options.runs or run.name in options.runs)


def _prove_run(
    client: Client, run: Run, options: Options, stages: Stages, models: Models
) -> Iterator[Result]:
    if options.recorded:
        folder = SHARED / "captures" / client.name
        known = traffic.labels(folder) if folder.is_dir() else []
        for label in run.recordings or (run.name,):
            if label in known or (label == "all" and known):
                yield _result(client, run, options, stages, models, recorded=label)
        return
    yield _result(client, run, options, stages, models)


def _result(
    client: Client, run: Run, options: Options, stages: Stages, models: Models, recorded: str = ""
) -> Result:
    result = Result(client.name, client.package, recorded or run.name)
    began = time.monotonic()
    try:
        wanted = facts.facts_of(client.name, run.name, recorded=recorded)
    except NotDescribedError as error:
        wanted, result.skipped = {}, f"not described: {error}"
    if wanted is None:
        return result
    name = f"{client.name}-{recorded or run.name}"
    with stages.place(name) as place:
        prepare(client, run, place)
        before = place.server.troubles()
        if recorded:
            wanted = facts.without_prints(wanted)
            folder = SHARED / "captures" / client.name
            sent = traffic.send(client, traffic.of_run(folder, [recorded]), place)
            lines = traffic.refused(sent)
        else:
            try:
                made = environments.build(client.environment)
            except BuildError as error:
                result.skipped = f"its environment can't be built: {error}"
                return result
            driven = drive(
                client, run, place, environment=made, models=models,
                drivers=SHARED / "clients", folder=options.folder / name,
            )  # fmt: skip
            lines = [*_ended(driven, run), *facts.not_printed(wanted, driven.output)]
        _compare(result, wanted, place, lines, before, recorded=bool(recorded))
    result.seconds = round(time.monotonic() - began, 1)
    return result


def _ended(driven: Driven, run: Run) -> list[str]:
    if driven.status is None:
        return [f"the driver hung: ended after {run.within_s:.0f} s"]
    if driven.status:
        return [f"the driver ended with {driven.status}: {driven.output[-600:]}"]
    return []


def _compare(
    result: Result, wanted: Facts, place: Place, lines: list[str], before: Counter[str], *,
    recorded: bool = False,
) -> None:  # fmt: skip
    """`lines` is what is wrong already, `before` the troubles that were there before the run."""
    shown, missing = settled(place, wanted)
    troubles = place.server.troubles() - before
    troubles = traffic.unexpected(troubles) if recorded else troubles
    result.total = facts.count(wanted)
    result.sessions = len(shown)
    result.missing = [*lines, *facts.troubling(wanted, troubles), *missing]
    result.met = max(result.total - len(result.missing), 0)


def settled(place: Place, wanted: Facts) -> tuple[list[ShownSession], list[str]]:
    """What the server shows, and what is missing, as soon as nothing is, or after so long."""
    deadline = time.monotonic() + _SETTLE_S
    while True:
        stored = place.server.is_processed()
        shown = sessions_of(place)
        missing = facts.missing(wanted, shown, kept_in(place, shown))
        if (stored and not missing) or time.monotonic() > deadline:
            break
        time.sleep(_LOOK_EVERY_S)
    if not stored:
        missing.append(f"the server is not done after {_SETTLE_S:.0f} s")
    return shown, missing


# ------------------------------------------------------------------------------- printing

_ROW = "{mark} {client:<30} {package:<52} {run:<16} {sessions:>8} {facts:>9} {seconds:>7}"


def _print_row(result: Result) -> None:
    print(
        _ROW.format(
            mark="ok  " if result.passed else "FAIL",
            client=result.client,
            package=result.package,
            run=result.run,
            sessions=result.sessions,
            facts=f"{result.met}/{result.total}",
            seconds=f"{result.seconds:.1f} s",
        )
    )
    for line in [result.skipped, *result.missing]:
        if line:
            print(f"       {line}")
    sys.stdout.flush()


def _print_end(results: Sequence[Result]) -> None:
    passed = sum(result.passed for result in results)
    met, total = sum(r.met for r in results), sum(r.total for r in results)
    print(f"\n{passed} of {len(results)} runs as expected; {met} of {total} facts.")


if __name__ == "__main__":
    sys.exit(main())
