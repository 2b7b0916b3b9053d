"""The registry's commands against a real server: push, list, show, pull, diff, tags, weights."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.real_server import serving
from quarterdeck.cli import errors
from quarterdeck.cli.main import app
from quarterdeck.cli.workflow_weights import Tracking, resolve, tracking_of
from quarterdeck.errors import Invalid, NotFound, QuarterdeckError, TryAgain
from quarterdeck.workflows.manifest import Learned
from workflows.folders import MANIFEST, fraud

pytestmark = pytest.mark.real_server

Command = Callable[..., str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("registry") / "data") as address:
        yield address


@pytest.fixture
def quarterdeck(
    server: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """
    `quarterdeck("push", …)`: what it prints, on both streams.

    In this process: thirty of their own would be half a minute of imports.
    """

    def command(*arguments: str | Path, expect: int = 0, **variables: str) -> str:
        with monkeypatch.context() as inside:
            for name, value in {"QUARTERDECK_URL": server, "COLUMNS": "160", **variables}.items():
                inside.setenv(name, value)
            inside.delenv("QUARTERDECK_API_KEY", raising=False)
            try:
                code = app(["workflow", *map(str, arguments)], standalone_mode=False) or 0
            except QuarterdeckError as error:
                code = errors.tell(error)
        printed = capsys.readouterr()
        assert code == expect, printed.out + printed.err
        return printed.out + printed.err

    return command


def write(directory: Path, *, name: str, **parts: Any) -> Path:
    manifest = parts.pop("manifest", MANIFEST).replace("fraud-triage", name, 1)
    for path, content in fraud(manifest=manifest, **parts).files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(content)
    return directory


def git(directory: Path, *arguments: str) -> str:
    told = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *told, *arguments], cwd=directory, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_a_folder_is_pushed_found_compared_and_pulled(quarterdeck: Command, tmp_path: Path) -> None:
    here = write(tmp_path / "flow", name="loop")
    git(here, "init")
    git(here, "remote", "add", "origin", "https://bob:hunter2hunter2@git.example.org/a.git?t=1")
    git(here, "add", ".")
    git(here, "commit", "-m", "one")
    said = quarterdeck("push", here, "-m", "first\x1b[2J", "--tag", "good")
    assert "loop@1  is new" in said
    assert "no commit" not in said
    assert "loop@1  has this content already" in quarterdeck("push", here)

    wider = MANIFEST.replace("permission: ask", "permission: allow")
    write(here, name="loop", manifest=wider, prompt="Be quick.\n")
    local = quarterdeck("diff", "loop@good", here)
    assert "+ block_card may now be called without asking: ask → allow" in local
    assert "-You triage fraud alerts." in local
    pushed = json.loads(quarterdeck("push", here, "--json").partition("\n")[0])
    assert pushed["created"]
    git_told = pushed["version"]["git"]
    assert git_told == {
        "commit": git(here, "rev-parse", "HEAD"),
        "branch": "main",
        "dirty": True,
        "repository": "https://git.example.org/a.git",
    }
    same = quarterdeck("diff", "loop@good", "loop@2")
    assert same.splitlines()[1:] == local.splitlines()[1:]
    assert "They say the same." in quarterdeck("diff", "loop@2", here)
    write(here, name="loop", manifest=f"# a comment\n{wider}", prompt="Be quick.\n")
    assert "only how it is written differs" in quarterdeck("diff", "loop", here)

    shown = quarterdeck("show", "loop@good")
    assert "loop@1  good" in shown
    assert "first" in shown
    assert "\x1b" not in shown
    assert "You triage fraud alerts." in shown
    assert json.loads(quarterdeck("list", "--containing", "loop", "--json"))["total"] == 1
    assert "nowhere" in quarterdeck("list")
    assert "better → loop@2" in quarterdeck("tag", "loop@latest", "better")
    assert "loop has no tag good now" in quarterdeck("untag", "loop", "good")
    quarterdeck("show", "loop@good", expect=3)
    quarterdeck("show", "loop@", expect=5)

    out = tmp_path / "out"
    assert "3 files written" in quarterdeck("pull", "loop@1", out)
    was = fraud(manifest=MANIFEST.replace("fraud-triage", "loop", 1)).files
    assert {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*.*")} == was
    assert "0 files written, 3 files there already" in quarterdeck("pull", "loop@1", out)
    assert "workflow.yaml" in quarterdeck("pull", "loop@2", out, expect=6)
    assert (out / "workflow.yaml").read_bytes() == was["workflow.yaml"]
    quarterdeck("pull", "loop@better", out, "--force")
    assert (out / "prompts/triage.md").read_text() == "Be quick.\n"


def test_a_broken_folder_is_told_by_line_and_not_sent(quarterdeck: Command, tmp_path: Path) -> None:
    broken = MANIFEST.replace("permission: ask", "permision: ask")
    here = write(tmp_path / "flow", name="broken", manifest=broken)
    assert "workflow.yaml:12:5: error:" in quarterdeck("push", here, expect=5)
    here = write(tmp_path / "flow", name="broken", prompt="\nUse sk-" + "a1B2c3D4e5" * 3)
    assert "prompts/triage.md:2:5: looks like a secret" in quarterdeck("push", here, expect=5)
    quarterdeck("show", "broken", expect=3)


# -------------------------------------------------------------------------------- weights


@pytest.fixture(scope="module")
def mlflow(server: str) -> str:
    """Model versions as MLflow's client registers them, at the server's own `/mlflow`."""
    url = f"{server}/mlflow"

    def call(path: str, **body: Any) -> Any:
        answer = httpx.post(f"{url}/api/2.0/mlflow/{path}", json=body, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    call("registered-models/create", name="fraud")
    for digit in "345":
        version = call("model-versions/create", name="fraud", source=f"s3://weights/{digit}")
        number = version["model_version"]["version"]
        if digit != "5":
            call("model-versions/set-tag", name="fraud", version=number, key="digest",
                 value=digit * 64)  # fmt: skip
    call("registered-models/alias", name="fraud", alias="champion", version="1")
    return url


def asked(uri: str, url: str, **more: str) -> tuple[str, str, str]:
    tracking = Tracking(url=url, headers={}, basic=None)
    return resolve({"lora": Learned(uri=uri, **more)}, tracking)["lora"]


def test_a_reference_means_what_the_registry_says_now(mlflow: str) -> None:
    assert asked("models:/fraud/2", mlflow) == ("models:/fraud/2", "sha256:" + "4" * 64, "")
    assert asked("models:/fraud@champion", mlflow) == (
        "models:/fraud/1",
        "sha256:" + "3" * 64,
        "champion points at version 1 now",
    )
    assert asked("models:/fraud/3", mlflow) == ("models:/fraud/3", "", "nobody tells a digest")
    assert asked("s3://weights/1", mlflow) == ("s3://weights/1", "", "nobody tells a digest")
    written = "sha256:" + "9" * 64
    assert asked("s3://weights/1", mlflow, digest=written)[1:] == (written, "")
    for missing in ("models:/fraud/9", "models:/fraud@none", "models:/other/1"):
        with pytest.raises(NotFound):
            asked(missing, mlflow)
    with pytest.raises(TryAgain):
        asked("models:/fraud/1", "http://127.0.0.1:9")


def test_a_push_pins_the_weights_and_tells_what_nobody_knows(
    quarterdeck: Command, mlflow: str, tmp_path: Path
) -> None:
    learned = "learned:\n  lora:\n    uri: models:/fraud@champion\n    served_by: vllm\n"
    here = write(tmp_path / "flow", name="learns", manifest=MANIFEST + learned)
    said = quarterdeck("push", here, expect=5)
    assert "workflow.yaml:23:" in said
    assert "moves" in said
    said = quarterdeck("push", here, "--mlflow", mlflow)
    assert "lora: models:/fraud/1: champion points at version 1 now" in said
    httpx.post(
        f"{mlflow}/api/2.0/mlflow/registered-models/alias",
        json={"name": "fraud", "alias": "champion", "version": "3"},
        trust_env=False,
    )
    said = quarterdeck("push", here, MLFLOW_TRACKING_URI=mlflow)
    assert "learns@2  is new" in said
    assert "nobody tells a digest" in said
    assert "lora means other weights: models:/fraud/1 → models:/fraud/3" in quarterdeck(
        "diff", "learns@1", "learns@2"
    )


def test_a_credential_goes_only_where_it_belongs() -> None:
    ours, key = "http://127.0.0.1:4400", "qd_key"

    def headers(url: str, **environment: str) -> tuple[Any, Any]:
        found = tracking_of(url, ours=ours, key=key, environment=environment)
        assert found is not None
        return dict(found.headers), found.basic

    assert headers(f"{ours}/mlflow") == ({"authorization": "Bearer qd_key"}, None)
    for other in ("http://127.0.0.1:44001/mlflow", "http://mlflow.example.org", f"{ours}@evil/x"):
        assert headers(other) == ({}, None), other
    assert headers(f"{ours}/mlflow", MLFLOW_TRACKING_TOKEN="t") == (
        {"authorization": "Bearer t"},
        None,
    )
    told = {"MLFLOW_TRACKING_USERNAME": "u", "MLFLOW_TRACKING_PASSWORD": "p"}
    assert headers(f"{ours}/mlflow", **told) == ({}, ("u", "p"))
    assert tracking_of(None, environment={}) is None
    with pytest.raises(Invalid):
        tracking_of("file:///mlruns", environment={})
