"""A workflow's folder on a disk: what is read, and what is refused."""

import os
from pathlib import Path

import pytest

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.sdk.workflow_folder import from_disk, write_to_disk
from quarterdeck.workflows.folder import read
from quarterdeck.workflows.starter import starter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_to_disk(starter("support"), tmp_path / "support")
    return tmp_path / "support"


def test_what_was_written_is_read_back_and_valid(folder: Path) -> None:
    found = from_disk(folder)
    written = starter("support")
    written.pop("workflow.schema.json")
    assert found.files == written
    assert read(found).problems == ()


def test_the_rest_of_a_repository_is_not_read(folder: Path) -> None:
    (folder / ".env").write_text("SECRET=1")
    (folder / "node_modules").mkdir()
    (folder / "prompts" / "old.md").write_text("old")
    assert set(from_disk(folder).files) - set(starter("support")) == {"prompts/old.md"}


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a key")
    (folder / "prompts" / "support.md").unlink()
    (folder / "prompts" / "support.md").symlink_to(tmp_path / "secret")
    with pytest.raises(Invalid, match="link out of the folder"):
        from_disk(folder)


def test_a_linked_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "tools").rename(tmp_path / "tools")
    (folder / "tools").symlink_to(tmp_path / "tools")
    with pytest.raises(Invalid, match="link out of the folder"):
        from_disk(folder)


def test_a_link_within_the_folder_is_read(folder: Path) -> None:
    (folder / "prompts" / "support.md").rename(folder / "prompts" / "real.md")
    (folder / "prompts" / "support.md").symlink_to("real.md")
    assert from_disk(folder).files["prompts/support.md"].startswith(b"You help")


def test_a_pipe_does_not_block(folder: Path) -> None:
    (folder / "prompts" / "support.md").unlink()
    os.mkfifo(folder / "prompts" / "support.md")
    with pytest.raises(Invalid, match="no plain file"):
        from_disk(folder)


def test_a_link_to_itself_is_refused(folder: Path) -> None:
    (folder / "prompts" / "support.md").unlink()
    (folder / "prompts" / "support.md").symlink_to("support.md")
    with pytest.raises(Invalid, match=r"support\.md"):
        from_disk(folder)


def test_a_file_over_the_limit_is_refused(folder: Path) -> None:
    (folder / "prompts" / "support.md").write_bytes(b"x" * 1_000_001)
    with pytest.raises(Invalid, match="1,000,000"):
        from_disk(folder)


def test_a_missing_folder_and_a_missing_manifest_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no folder"):
        from_disk(tmp_path / "none")
    with pytest.raises(NotFound, match=r"no workflow\.yaml"):
        from_disk(tmp_path)


def test_a_missing_file_is_told_by_reading(folder: Path) -> None:
    (folder / "prompts" / "support.md").unlink()
    assert [p.message for p in read(from_disk(folder)).errors] == [
        "there is no file 'prompts/support.md'"
    ]


def test_nothing_is_overwritten_and_nothing_half_written(folder: Path) -> None:
    (folder / "workflow.yaml").unlink()
    before = (folder / "prompts" / "support.md").read_bytes()
    with pytest.raises(Invalid, match="is there already"):
        write_to_disk(starter("other"), folder)
    assert not (folder / "workflow.yaml").exists()
    assert (folder / "prompts" / "support.md").read_bytes() == before


def test_nothing_is_written_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="out of the folder"):
        write_to_disk({"../x": b""}, tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "prompts").symlink_to(tmp_path)
    with pytest.raises(Invalid, match="leads out"):
        write_to_disk({"prompts/x.md": b""}, tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b"]
