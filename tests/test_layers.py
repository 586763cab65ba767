"""Imports inside mmm_bayes go only downwards.

So each layer can be read, tested and changed without those above it. Sources are parsed, never
imported: the check is quick and sees imports inside functions too.
"""

import ast
import re
import sys
from pathlib import Path

import pytest

PACKAGE = "mmm_bayes"
ROOT = Path(__file__).resolve().parent.parent / PACKAGE


def rooms(page: str) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Rooms of the package as the page lists them, and the order of files inside some of them."""
    rows = re.findall(r"^\| ((?:`[\w/]+`(?:, )?)+) \|.*\| (.*?) ?\|$", page, re.MULTILINE)
    names, inside = [], {}
    for cell, files in rows:
        here = [name.rstrip("/") for name in re.findall(r"`([\w/]+)`", cell)]
        names += here
        if listed := tuple(re.findall(r"`(\w+)`", files)):
            inside[here[0]] = listed
    return tuple(names), inside


#: Lowest first. A module may import its own room and those before it; where files of a room are
#: listed, a file may import those before it.
LAYERS, INSIDE = rooms((ROOT.parent / "docs" / "architecture.md").read_text("utf-8"))

SAMPLERS = {"pymc", "nutpie", "pytensor"}
CLI_TOP_LEVEL = {"typer", "rich", f"{PACKAGE}.errors"}


def parts_of(path: Path, root: Path) -> tuple[str, ...]:
    """Dotted name of a file below the package: ('dataset', 'checks'), ('dataset', '__init__')."""
    return path.relative_to(root).with_suffix("").parts


def imported(tree: ast.AST, parts: tuple[str, ...]) -> list[tuple[int, str]]:
    """Line and absolute dotted name of every import, at any depth, down to the members named."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                here = (PACKAGE, *parts[:-1])
                above = here[: len(here) - node.level + 1]
                source = ".".join((*above, *filter(None, [node.module])))
            found += [(node.lineno, f"{source}.{alias.name}") for alias in node.names]
    return found


def without_bodies_for_types(tree: ast.AST) -> ast.AST:
    """The same without what only a type checker reads: `if TYPE_CHECKING` never runs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = [ast.Pass()]
    return tree


def layer_violations(root: Path) -> list[str]:
    """Every import below root that does not go downwards, and every file in no layer."""
    wrong = []
    for path in sorted(root.rglob("*.py")):
        parts = parts_of(path, root)
        where = f"{PACKAGE}/{path.relative_to(root).as_posix()}"
        if parts == ("__init__",):
            allowed: tuple[str, ...] = ()  # importing the package must stay free of charge
            own = "__init__"
        elif parts[0] in LAYERS:
            own = parts[0]
            allowed = LAYERS[: LAYERS.index(own) + 1]
        else:
            wrong.append(f"{where}: {parts[0]!r} is in no layer; add it to LAYERS in this test")
            continue
        tree: ast.AST = ast.parse(path.read_text("utf-8"), str(path))
        if own == "__init__":
            tree = without_bodies_for_types(tree)
        for line, name in imported(tree, parts):
            package, *inner = name.split(".")
            if package != PACKAGE:
                continue
            if not inner or inner[0] == "__version__":  # the bare package, or its version
                continue
            if inner[0] not in allowed:
                wrong.append(f"{where}:{line}: {own} imports {inner[0]}, which is not below it")
            elif inner[0] == own and own in INSIDE and len(parts) > 1 and len(inner) > 1:
                order, here, there = INSIDE[own], parts[1], inner[1]
                if here in order and there in order and order.index(there) > order.index(here):
                    wrong.append(f"{where}:{line}: {here} imports {there}, which is not below it")
    return wrong


def sampler_imports_of_plots(root: Path) -> list[str]:
    """Imports of a sampler in the plots, which draw what they are given."""
    files = [*root.glob("plots.py"), *root.glob("plots/**/*.py")]
    return [
        f"{PACKAGE}/{path.relative_to(root).as_posix()}:{line}: plots imports {name}"
        for path in sorted(files)
        for line, name in imported(ast.parse(path.read_text("utf-8")), parts_of(path, root))
        if name.split(".")[0] in SAMPLERS
    ]


def heavy_imports_of_cli(root: Path) -> list[str]:
    """What importing cli imports beyond the standard library, typer, rich and the errors."""
    wrong = []
    for path in sorted([*root.glob("cli.py"), *root.glob("cli/**/*.py")]):
        tree = ast.parse(path.read_text("utf-8"))
        # A body runs only when it is called, and `if TYPE_CHECKING` never does.
        for node in list(ast.walk(tree)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
                isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            ):
                node.body = [ast.Pass()]
        for line, name in imported(tree, parts_of(path, root)):
            names = name.split(".")
            light = (
                names[0] in sys.stdlib_module_names
                or names[0] in CLI_TOP_LEVEL
                or ".".join(names[:2]) in CLI_TOP_LEVEL
                or names in ([PACKAGE, "cli"], [PACKAGE, "__version__"])
                or names[:2] == [PACKAGE, "cli"]
            )
            if not light:
                wrong.append(f"{path.relative_to(root).as_posix()}:{line}: {name} at top level")
    return wrong


def test_imports_go_downwards():
    assert (ROOT / "__init__.py").exists()
    wrong = layer_violations(ROOT)
    assert not wrong, "\n".join(wrong)


def test_plots_do_not_sample():
    wrong = sampler_imports_of_plots(ROOT)
    assert not wrong, "\n".join(wrong)


def test_the_command_line_imports_late():
    wrong = heavy_imports_of_cli(ROOT)
    assert not wrong, "\n".join(wrong)


def plant(root: Path, files: dict[str, str]) -> Path:
    """A package with these files: path below the package -> source."""
    for name, source in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, "utf-8")
    return root


@pytest.mark.parametrize(
    "source",
    [
        "import mmm_bayes.plots",
        "from mmm_bayes import plots",
        "from mmm_bayes.plots import effects",
        "from . import plots",
        "from .plots import effects",
        "def late():\n    from mmm_bayes.plots import effects\n",
        "class Lazy:\n    def show(self):\n        import mmm_bayes.plots.effects as e\n",
    ],
)
def test_a_planted_upward_import_is_caught(tmp_path, source):
    wrong = layer_violations(plant(tmp_path, {"model.py": source}))
    assert len(wrong) == 1
    assert "model imports plots, which is not below it" in wrong[0]


def test_an_upward_import_from_inside_a_package_is_caught(tmp_path):
    root = plant(
        tmp_path,
        {"data/checks.py": "from ..plots import Figure\nfrom .cells import read"},
    )
    assert layer_violations(root) == [
        "mmm_bayes/data/checks.py:1: data imports plots, which is not below it"
    ]


def test_relative_imports_of_a_package_root_are_resolved(tmp_path):
    source = (
        "from .adstock import geometric\nfrom ..errors import InputError\nfrom .. import studies\n"
    )
    wrong = layer_violations(plant(tmp_path, {"data/__init__.py": source}))
    assert wrong == ["mmm_bayes/data/__init__.py:3: data imports studies, which is not below it"]


def test_downward_imports_pass(tmp_path):
    design = (
        "from mmm_bayes.errors import InputError\n"
        "from mmm_bayes import __version__, data\n"
        "import mmm_bayes\n"
    )
    cli = "def run():\n    from mmm_bayes import report, plots\n"
    root = plant(tmp_path, {"errors.py": "import numpy", "model.py": design, "cli.py": cli})
    assert layer_violations(root) == []


def test_a_file_in_no_layer_is_named(tmp_path):
    (message,) = layer_violations(plant(tmp_path, {"helpers.py": "x = 1"}))
    assert "mmm_bayes/helpers.py" in message
    assert "add it to LAYERS" in message


def test_the_package_itself_imports_no_layer(tmp_path):
    source = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .runs import load\n"
        "from .errors import InputError\n"
    )
    root = plant(tmp_path, {"__init__.py": source})
    (message,) = layer_violations(root)
    assert "__init__ imports errors" in message


def test_planted_heavy_imports_are_caught(tmp_path):
    source = (
        "import json\nimport typer\nfrom rich.console import Console\n"
        "from typing import TYPE_CHECKING\nfrom mmm_bayes.errors import InputError\n"
        "if TYPE_CHECKING:\n    import numpy\n"
        "import pandas\nfrom mmm_bayes.inference import runs\nif True:\n    import xarray\n"
        "def run():\n    import pymc\n"
    )
    wrong = heavy_imports_of_cli(plant(tmp_path, {"cli.py": source}))
    assert [line.split(": ")[1].split(" ")[0] for line in wrong] == [
        "pandas",
        "mmm_bayes.inference.runs",
        "xarray",
    ]


def test_a_planted_sampler_in_plots_is_caught(tmp_path):
    root = plant(tmp_path, {"plots/curves.py": "def draw():\n    import pymc as pm\n"})
    (message,) = sampler_imports_of_plots(root)
    assert message == "mmm_bayes/plots/curves.py:2: plots imports pymc"


def test_a_planted_upward_import_inside_a_room_is_caught(tmp_path):
    source = "from mmm_bayes.data.lags import lag_matrix\nfrom mmm_bayes.data.design import Design"
    (message,) = layer_violations(plant(tmp_path, {"data/dates.py": source}))
    assert message == "mmm_bayes/data/dates.py:2: dates imports design, which is not below it"


def test_every_file_of_an_ordered_room_is_listed():
    for room, order in INSIDE.items():
        found = {path.stem for path in (ROOT / room).iterdir() if not path.stem.startswith("__")}
        assert found == set(order)
