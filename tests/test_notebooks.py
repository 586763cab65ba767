"""The notebooks: pairs in step, saved outputs clean, and each runs from top to bottom.

What they show is not compared with anything: numbers are tested where they are computed.
"""

import re
import shutil
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from places import ROOT, load_script

SOURCES = sorted((ROOT / "notebooks").glob("*.py"))
NAMES = [source.stem for source in SOURCES]
SHORT = "Settings(draws=200, tune=300"
#: A cell before the first one: the runs that are saved have as many draws as the text says.
SHORTER = """
# %%
import mmm_bayes

_fit, _few = mmm_bayes.fit, {"draws": 200, "tune": 300, "chains": 2}
mmm_bayes.fit = lambda *paths, **choices: _fit(*paths, **(choices | _few))
"""


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    return load_script("make_notebooks")


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The notebooks' texts beside the data, where their runs are made anew, with few draws."""
    root = tmp_path_factory.mktemp("notebooks")
    (root / "notebooks").mkdir()
    for source in SOURCES:
        before, cell, after = source.read_text(encoding="utf-8").partition("\n# %%\n")
        text = before + SHORTER + cell + after.replace("Settings(draws=500, tune=500", SHORT)
        (root / "notebooks" / source.name).write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "data", root / "data")
    return root / "notebooks"


def faults(notebook: nbformat.NotebookNode) -> list[str]:
    """Outputs that a reader should not see."""
    found = []
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                found.append(f"cell {number}: {output.ename}: {output.evalue}")
            elif output.output_type == "stream" and output.name == "stderr":
                found.append(f"cell {number}: on standard error: {output.text}")
            elif re.search(r"/(home|root|tmp|work|Users)/", str(output)):
                found.append(f"cell {number}: names a folder of some machine")
    return found


def test_there_are_seven():
    assert len(SOURCES) == 7


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_a_pair_is_in_step(source, maker):
    text, saved = maker.read_notebook(source), nbformat.read(source.with_suffix(".ipynb"), 4)
    nbformat.validate(saved)
    assert [(cell.cell_type, cell.source) for cell in saved.cells] == [
        (cell.cell_type, cell.source) for cell in text.cells
    ], f"run make notebooks ARGS={source.stem}"


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_saved_outputs_are_whole_and_clean(source):
    path = source.with_suffix(".ipynb")
    saved = nbformat.read(path, 4)
    code = [cell for cell in saved.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert any(cell.outputs for cell in code)
    assert faults(saved) == []
    assert path.stat().st_size < 700_000


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_it_opens_with_a_question_and_ends_with_what_was_found(source, maker):
    cells = maker.read_notebook(source).cells
    assert re.match(r"# \d\. ", cells[0].source)
    assert re.search(r"\*\*[^*]+\?\*\*", cells[0].source)
    assert cells[-1].source.startswith("## What was found, and what it rests on")


def test_faults_are_found():
    def cell(output):
        return nbformat.v4.new_code_cell("x", outputs=[output])

    bad = [
        nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[]),
        nbformat.v4.new_output("stream", name="stderr", text="a warning"),
        nbformat.v4.new_output("stream", name="stdout", text="/home/somebody/table.csv"),
    ]
    good = nbformat.v4.new_output("stream", name="stdout", text="all well")
    notebook = nbformat.v4.new_notebook(cells=[cell(output) for output in [*bad, good]])
    assert len(faults(notebook)) == len(bad)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_runs(name, maker, copies):
    assert faults(maker.run_notebook(copies / f"{name}.py")) == []
