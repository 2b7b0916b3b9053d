"""What an operator can do on the machine itself, with no server to ask."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Run

PASSWORD = "correct horse battery\n"


def create_user(run: Run, email: str, *more: str, expect: int = 0) -> str:
    done = run("users", "create", email, "--password-stdin", *more, typed=PASSWORD, expect=expect)
    return done.stdout if expect == 0 else done.stderr


def users(run: Run) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(run("users", "list", "--json").stdout)["users"]
    return listed


def test_the_first_account_is_an_owner_and_the_next_has_to_be_given_a_role(run: Run) -> None:
    assert "an owner" in create_user(run, "Ada@example.com")
    assert "users role bob@example.com viewer" in create_user(run, "bob@example.com")
    run("users", "role", "bob@example.com", "editor")
    assert [(user["email"], user["owner"], user["roles"]) for user in users(run)] == [
        ("ada@example.com", True, {}),
        ("bob@example.com", False, {"default": "editor"}),
    ]
    run("users", "role", "bob@example.com", "none")
    assert users(run)[1]["roles"] == {}
    shown = run("users", "list").stdout
    assert "everything (owner)" in shown
    assert "nothing yet" in shown


def test_the_first_account_can_not_be_without_the_right_to_make_others(run: Run) -> None:
    told = create_user(run, "ada@example.com", "--no-owner", expect=5)
    assert "has to be an owner" in told
    assert users(run) == []


def test_a_taken_address_a_short_password_and_an_unknown_person_are_told_apart(run: Run) -> None:
    create_user(run, "ada@example.com")
    create_user(run, "ada@example.com", expect=6)
    run("users", "create", "eve@example.com", "--password-stdin", typed="short\n", expect=5)
    run("users", "role", "nobody@example.com", "viewer", expect=3)
    run("users", "role", "ada@example.com", "emperor", expect=5)


def test_a_password_is_never_an_option_and_needs_someone_to_ask(run: Run) -> None:
    told = run("users", "create", "ada@example.com", expect=5).stderr
    assert "--password-stdin" in told


def test_a_forgotten_password_is_replaced(run: Run) -> None:
    create_user(run, "ada@example.com")
    run("users", "password", "ada@example.com", "--password-stdin", typed=PASSWORD)
    run("users", "password", "x@example.com", "--password-stdin", typed=PASSWORD, expect=3)


def test_a_key_made_here_is_alone_on_standard_output(run: Run) -> None:
    made = run("keys", "create", "ci", "--scope", "read", "--expires", "90d", "--here")
    assert made.stdout.startswith("qd_")
    assert len(made.stdout.split()) == 1
    assert "not shown again" in made.stderr
    run("keys", "create", "ci", "--scope", "everything", "--here", expect=5)
    run("keys", "create", "ci", "--project", "nowhere", "--here", expect=3)


def test_a_project_made_here_can_have_a_key(run: Run) -> None:
    run("projects", "create", "checkout", "--here")
    run("projects", "create", "checkout", "--here", expect=6)
    run("projects", "create", "Check Out", "--here", expect=5)
    run("keys", "create", "ci", "--project", "checkout", "--here")


@pytest.mark.parametrize(("command", "expect"), [("restore", 3), ("backup", 6)])
def test_a_folder_that_is_no_backup_or_is_in_the_way_is_refused(
    run: Run, tmp_path: Path, command: str, expect: int
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    run(command, str(folder), expect=expect)
    assert list(folder.iterdir()) == []


def test_where_no_server_ever_ran_there_is_nothing_to_back_up(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "nowhere"
    refused = run("backup", str(tmp_path / "b"), f"--data={data}", expect=3)
    assert "nothing to back up" in refused.stderr
    assert "--data" in refused.stderr
    assert not data.exists()
    assert not (tmp_path / "b").exists()


def test_a_server_that_nobody_can_reach_is_told_with_the_next_step(run: Run) -> None:
    done = run("sessions", "list", expect=7, QUARTERDECK_URL="http://127.0.0.1:1")
    assert done.stdout == ""
    assert "quarterdeck up" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_option_is_the_command_lines_own_error(run: Run) -> None:
    run("sessions", "list", "--colour", expect=2)


def test_what_can_not_be_undone_is_not_done_when_nobody_can_be_asked(run: Run) -> None:
    done = run("sessions", "delete", "s-1", expect=5, QUARTERDECK_URL="http://127.0.0.1:1")
    assert "--yes" in done.stderr
