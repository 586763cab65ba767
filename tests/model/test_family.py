"""Members of the family, by name or by path."""

from pathlib import Path

import pytest
from builds import dataset
from places import ROOT

from mmm_bayes.data.design import make_design
from mmm_bayes.errors import InputError
from mmm_bayes.model.family import load_member, member_names, models_folder

MODELS = ROOT / "models"


def test_names_are_the_files() -> None:
    assert models_folder() == MODELS
    assert {"no_mediation", "full_mediation", "partial_mediation", "time_varying"} <= set(
        member_names()
    )
    assert member_names() == sorted(path.stem for path in MODELS.glob("*.py"))


def test_a_member_carries_its_source() -> None:
    member = load_member("no_mediation")
    assert member.name == "no_mediation"
    assert member.source == (MODELS / "no_mediation.py").read_text(encoding="utf-8")
    assert callable(member.build)


def test_a_model_file_by_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text((MODELS / "no_mediation.py").read_text(encoding="utf-8"), encoding="utf-8")
    member = load_member(str(path))
    assert member.name == "mine"
    assert "beta" in member.build(make_design(dataset(tmp_path, mediators=None))).named_vars


def test_an_unknown_member_is_refused_with_the_list() -> None:
    with pytest.raises(
        InputError, match=r"'indirect' is neither a member of the family \(full_mediation,"
    ):
        load_member("indirect")


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nor the path of a model file that ends in \.py"):
        load_member(str(tmp_path / "none.py"))


@pytest.mark.parametrize(
    "text, message",
    [
        ("def build(design:\n", "cannot be run: SyntaxError"),
        ("import nothing_of_that_name\n", "cannot be run: ModuleNotFoundError"),
        ("1 / 0\n", "cannot be run: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", "cannot be run: SystemExit"),
        ("x = 1\n", r"needs a function build\(design\) -> pymc\.Model"),
        ("build = 3\n", r"needs a function build\(design\)"),
        ("def build():\n    pass\n", r"needs a function build\(design\).*its build takes \(\)"),
        ("def build(design, folder):\n    pass\n", r"takes \(design, folder\)"),
    ],
)
def test_a_broken_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as refusal:
        load_member(str(path))
    assert "broken.py" in str(refusal.value)
    assert "\n" not in str(refusal.value)
