"""Members of the family, by name or by path."""

from pathlib import Path

import pytest

from mmm_bayes.errors import InputError
from mmm_bayes.family import folder, member, names

MODELS = Path(__file__).parents[1] / "models"


def test_names_are_the_files() -> None:
    assert folder() == MODELS
    assert {"direct", "full_mediation", "partial_mediation", "time_varying"} <= set(names())
    assert names() == sorted(path.stem for path in MODELS.glob("*.py"))


def test_a_member_carries_its_source() -> None:
    direct = member("direct")
    assert direct.name == "direct"
    assert direct.source == (MODELS / "direct.py").read_text(encoding="utf-8")
    assert callable(direct.build)


def test_a_model_file_by_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def build(design):\n    return design, 'built'\n")
    mine = member(str(path))
    assert mine.name == "mine"
    assert mine.build(1) == (1, "built")


def test_an_unknown_member_is_refused_with_the_list() -> None:
    with pytest.raises(InputError, match=r"'indirect' is neither a member of the family \(direct,"):
        member("indirect")


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nor the path of a model file that ends in \.py"):
        member(str(tmp_path / "none.py"))


@pytest.mark.parametrize(
    "text, says",
    [
        ("def build(design:\n", "cannot be run: SyntaxError"),
        ("import nothing_of_that_name\n", "cannot be run: ModuleNotFoundError"),
        ("1 / 0\n", "cannot be run: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", "cannot be run: SystemExit"),
        ("x = 1\n", r"needs a function build\(design\) -> pymc\.Model"),
        ("build = 3\n", r"needs a function build\(design\)"),
    ],
)
def test_a_broken_file_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    with pytest.raises(InputError, match=says) as refusal:
        member(str(path))
    assert "broken.py" in str(refusal.value)
    assert "\n" not in str(refusal.value)
