"""`quarterdeck workflow init|validate|schema` on folders; what needs a server is in tests/api."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner, Result

from quarterdeck.cli.main import app
from quarterdeck.workflows.starter import schema_text

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "workflow.schema.json"


def run(*args: str) -> Result:
    return CliRunner().invoke(app, ["workflow", *args])


def test_init_writes_an_example_that_validates(tmp_path: Path) -> None:
    folder = tmp_path / "order support"
    assert run("init", str(folder)).exit_code == 0
    told = run("validate", str(folder))
    assert told.exit_code == 0
    assert "valid  order-support: 1 agent, 2 tools, 2 routes" in told.stdout
    first = (folder / "workflow.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=workflow.schema.json"


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "workflow.yaml").write_text("mine")
    result = run("init", str(tmp_path), "--name", "x")
    assert result.exit_code != 0
    assert "is there already" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["workflow.yaml"]
    assert (tmp_path / "workflow.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--name", "a b"], "is no name"),
        (["--agent", "x"], "go with --from-sessions"),
    ],
)
def test_init_refuses_what_makes_no_sense(tmp_path: Path, args: list[str], said: str) -> None:
    result = run("init", str(tmp_path / "x"), *args)
    assert said in str(result.exception)
    assert not (tmp_path / "x").exists()


def test_validate_tells_the_place_shows_the_line_and_marks_it(tmp_path: Path) -> None:
    run("init", str(tmp_path), "--name", "x")
    manifest = tmp_path / "workflow.yaml"
    manifest.write_text(manifest.read_text().replace("permission: ask", "permision: ask"))
    result = run("validate", str(tmp_path))
    assert result.exit_code == 5
    lines = result.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if "permision'" in line)
    number = next(
        i for i, line in enumerate(manifest.read_text().splitlines(), 1) if "permision" in line
    )
    assert lines[at].startswith(f"{manifest}:{number}:5: error: unknown field 'permision'")
    assert lines[at + 1].strip().startswith("permision: ask")
    assert lines[at + 2].index("^") == lines[at + 1].index("permision")
    assert lines[at + 3].strip() == "did you mean permission?"


def test_validate_as_json(tmp_path: Path) -> None:
    (tmp_path / "workflow.yaml").write_text("name: x\nagents: {}\n")
    result = run("validate", str(tmp_path), "--json")
    assert result.exit_code == 5
    told = json.loads(result.stdout)
    assert told["valid"] is False
    assert told["problems"] == [
        {
            "file": "workflow.yaml",
            "line": 2,
            "column": 9,
            "path": "agents",
            "message": "is empty: at least one is needed",
            "hint": "",
            "severity": "error",
        }
    ]


def test_no_text_of_a_manifest_drives_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "workflow.yaml").write_text('"a\\e]0;owned": 1\n"\u202eb": \x9b31m\n')
    result = run("validate", str(tmp_path))
    assert result.exit_code == 5
    assert not {"\x1b", "\u202e", "\x9b"} & set(result.stdout)


def test_the_schema_says_what_the_fields_mean_and_takes_the_example(tmp_path: Path) -> None:
    schema = json.loads(run("schema").stdout)
    assert schema["$defs"]["Agent"]["properties"]["model"]["description"] == "A route of `models`."
    run("init", str(tmp_path))
    example = yaml.safe_load((tmp_path / "workflow.yaml").read_text().replace("- on:", '- "on":'))
    jsonschema.Draft202012Validator(schema).validate(example)
    assert (tmp_path / "workflow.schema.json").read_text() == schema_text()


def test_the_schema_in_the_reference_is_the_current_one() -> None:
    assert REFERENCE.read_text() == schema_text(), (
        "quarterdeck workflow schema > docs/reference/workflow.schema.json"
    )


def test_a_secret_that_a_push_would_refuse_is_an_error_here(tmp_path: Path) -> None:
    made = run("init", str(tmp_path / "desk"))
    assert made.exit_code == 0
    prompt = next((tmp_path / "desk" / "prompts").iterdir())
    prompt.write_text("Be kind.\nUse sk-proj-Zx81kQm2Vb7Lr4Tn9Ws3Yd6Fh5Jg0PcE1aUo then.\n")
    told = run("validate", str(tmp_path / "desk"))
    assert told.exit_code == 5
    assert f"{prompt.name}:2:5: error: looks like a secret" in told.output
