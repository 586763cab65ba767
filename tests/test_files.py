"""Files and folders appear whole or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from mmm_bayes.errors import InputError
from mmm_bayes.files import (
    check_free,
    read_complete_lines,
    read_json,
    read_table,
    write_folder,
    write_text,
)


def test_text_keeps_its_newlines_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "note.txt"
    write_text(path, "old")
    write_text(path, "α\r\nβ\n")
    assert path.read_bytes() == "α\r\nβ\n".encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["note.txt"]
    assert path.stat().st_mode & 0o777 == 0o644


def fill(draft: Path) -> None:
    """Content of a small folder."""
    (draft / "a.txt").write_text("a")


def test_a_folder_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "results" / "run"

    def write(draft: Path) -> None:
        fill(draft)
        assert not path.exists()
        assert draft.parent == path.parent

    assert write_folder(path, write) == path
    assert (path / "a.txt").read_text() == "a"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("problem", [RuntimeError, KeyboardInterrupt])
def test_an_exception_midway_leaves_nothing(tmp_path: Path, problem: type[BaseException]) -> None:
    def write(draft: Path) -> None:
        fill(draft)
        raise problem

    with pytest.raises(problem):
        write_folder(tmp_path / "run", write)
    assert list(tmp_path.iterdir()) == []


def test_a_kill_midway_leaves_no_folder_of_that_name(tmp_path: Path) -> None:
    code = (
        "import os, signal\nfrom pathlib import Path\nfrom mmm_bayes.files import write_folder\n"
        "def write(draft):\n"
        "    (draft / 'a.txt').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_folder(Path('run'), write)\n"
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
    assert write_folder(tmp_path / "run", fill) == tmp_path / "run"
    assert (tmp_path / "run" / "a.txt").read_text() == "a"


def test_a_taken_folder_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.mkdir()
    (path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="already exists and is never overwritten"):
        check_free(path)
    assert (path / "mine.txt").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(InputError, match="already exists"):
        check_free(tmp_path / "run")


def test_an_empty_folder_may_be_taken(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    check_free(tmp_path / "run")
    assert write_folder(tmp_path / "run", fill) == tmp_path / "run"
    assert (tmp_path / "run" / "a.txt").exists()


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_work_for_a_name_taken_meanwhile_is_kept_under_the_next(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "run"
    (tmp_path / "run-2").mkdir()
    (tmp_path / "run-2" / "other.txt").write_text("other")

    def write(draft: Path) -> None:
        (draft / "a.txt").write_text("late")
        if kind == "file":
            path.write_text("first")
        else:
            path.mkdir()
            (path / "mine.txt").write_text("first")

    assert write_folder(path, write) == tmp_path / "run-3"
    assert (tmp_path / "run-3" / "a.txt").read_text() == "late"
    first = path if kind == "file" else path / "mine.txt"
    assert first.read_text() == "first"
    assert [entry.name for entry in (tmp_path / "run-2").iterdir()] == ["other.txt"]
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("writer", ["file", "folder", "journal"])
def test_a_full_disk_is_one_sentence_and_leaves_no_draft(tmp_path: Path, writer: str) -> None:
    """A limit on the size of files stands for the disk: the system refuses the write likewise."""
    code = {
        "file": "write_bytes(Path('a.nc'), bytes(100_000))",
        "folder": "write_folder(Path('a'), lambda d: (d / 'b').write_bytes(bytes(100_000)) and 0)",
        "journal": "append_line(Path('a.jsonl'), 'x' * 100_000)",
    }[writer]
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import resource\nfrom pathlib import Path\nfrom mmm_bayes.files import *\n"
            "from mmm_bayes.errors import InputError\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
            f"try:\n    {code}\nexcept InputError as error:\n    print(error)",
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "can't be written: file too large; make room there" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] in ([], ["a.jsonl"])
    assert read_complete_lines(tmp_path / "a.jsonl") == []


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_computed(
    tmp_path: Path,
) -> None:
    (tmp_path / "table.csv").write_text("x")
    with pytest.raises(InputError, match=r"table\.csv/deep/run can't be written: not a directory"):
        check_free(tmp_path / "table.csv" / "deep" / "run")
    with pytest.raises(InputError, match="/proc/1/run can't be written"):
        check_free(Path("/proc/1/run"))
    check_free(tmp_path / "new" / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize(
    "content, message",
    [(b"", "Expecting value"), (b"[1]", "a list instead of an object"), (b"\xff\xfe", "decode")],
)
def test_a_damaged_json_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(InputError, match=rf"run\.json can't be read: it is damaged.*{message}"):
        read_json(tmp_path / "run.json")


def test_names_in_a_table_stay_as_they_were(tmp_path: Path) -> None:
    units, values = ["NA", "007", "nan", 'a, "b"', "1e3", "None"], [1.0, float("nan"), 2, 3, 4, 5]
    table = pd.DataFrame({"unit": units, "channel": units[::-1], "mean": values})
    table.to_csv(tmp_path / "t.csv", index=False)
    pd.testing.assert_frame_equal(
        read_table(tmp_path / "t.csv"), table, check_dtype=False, check_column_type=False
    )
    (tmp_path / "t.csv").write_bytes(b"")
    with pytest.raises(InputError, match=r"t\.csv can't be read"):
        read_table(tmp_path / "t.csv")
