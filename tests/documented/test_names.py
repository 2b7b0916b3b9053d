"""Names that say nothing are not used for files, and no file names a machine or a package host."""

import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout: there is no list of the project's own files")
    return [REPOSITORY / name for name in listed.stdout.split("\0") if name]


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    vague = [
        path
        for path in tracked()
        if SAY_NOTHING & {part.removesuffix(".py") for part in path.relative_to(REPOSITORY).parts}
    ]
    assert vague == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        path
        for path in tracked()
        if path.suffix == ".py"
        and path.exists()
        and path.relative_to(REPOSITORY).parts[0] in {"src", "tests", "bench", "examples"}
        and path.read_text().strip()
        and not path.read_text().lstrip().startswith(('"""', 'r"""', "# "))
    ]
    assert silent == []
