"""Files and folders appear whole or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mmm_bayes.errors import InputError
from mmm_bayes.files import new_folder, refuse_taken, write_text


def test_text_keeps_its_newlines_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "note.txt"
    write_text(path, "old")
    write_text(path, "α\r\nβ\n")
    assert path.read_bytes() == "α\r\nβ\n".encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["note.txt"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_folder_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "results" / "run"
    with new_folder(path) as draft:
        (draft / "a.txt").write_text("a")
        assert not path.exists()
        assert draft.parent == path.parent
    assert (path / "a.txt").read_text() == "a"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("problem", [RuntimeError, KeyboardInterrupt])
def test_an_exception_midway_leaves_nothing(tmp_path: Path, problem: type[BaseException]) -> None:
    def fail() -> None:
        with new_folder(tmp_path / "run") as draft:
            (draft / "a.txt").write_text("half")
            raise problem

    with pytest.raises(problem):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_kill_midway_leaves_no_folder_of_that_name(tmp_path: Path) -> None:
    code = (
        "import os, signal\nfrom pathlib import Path\nfrom mmm_bayes.files import new_folder\n"
        "with new_folder(Path('run')) as draft:\n"
        "    (draft / 'a.txt').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "run").exists()
    left = list(tmp_path.iterdir())
    assert len(left) == 1
    assert left[0].name.startswith(".run.")  # hidden, and in nobody's way:
    with new_folder(tmp_path / "run") as draft:
        (draft / "a.txt").write_text("whole")
    assert (tmp_path / "run" / "a.txt").read_text() == "whole"


def test_a_taken_folder_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.mkdir()
    (path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="already exists and is never overwritten"):
        refuse_taken(path)
    with pytest.raises(InputError, match="already exists"), new_folder(path):
        pytest.fail("a taken folder was opened")
    assert (path / "mine.txt").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(InputError, match="already exists"):
        refuse_taken(tmp_path / "run")


def test_an_empty_folder_may_be_taken(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with new_folder(tmp_path / "run") as draft:
        (draft / "a.txt").write_text("a")
    assert (tmp_path / "run" / "a.txt").exists()


def test_a_folder_taken_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "run"

    def come_late() -> None:
        with new_folder(path) as draft:
            (draft / "a.txt").write_text("late")
            path.mkdir()
            (path / "mine.txt").write_text("first")

    with pytest.raises(OSError, match="not empty"):
        come_late()
    assert [entry.name for entry in path.iterdir()] == ["mine.txt"]
    assert list(tmp_path.iterdir()) == [path]
