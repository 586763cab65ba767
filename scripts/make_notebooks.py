"""Run the notebooks and save them with their outputs: NAME.py, which is edited, becomes NAME.ipynb.

The arguments are names of notebooks; all of them without arguments.
"""

import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"


def read_notebook(source: Path) -> nbformat.NotebookNode:
    """Notebook of a source file, without outputs; the same source gives the same notebook."""
    notebook = jupytext.read(source)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    return notebook


def run_notebook(source: Path) -> nbformat.NotebookNode:
    """Notebook of a source file, run from top to bottom in its folder by this Python."""
    notebook = read_notebook(source)
    resources = {"metadata": {"path": str(source.parent)}}
    client = NotebookClient(notebook, timeout=900, resources=resources, record_timing=False)
    client.extra_arguments = ["--log-level=ERROR"]
    client.execute()
    return notebook


def main(names: list[str]) -> None:
    for source in sorted(FOLDER.glob("*.py")):
        if names and source.stem not in names:
            continue
        start = time.perf_counter()
        target = source.with_suffix(".ipynb")
        nbformat.write(run_notebook(source), target)
        seconds, size = time.perf_counter() - start, target.stat().st_size / 1000
        print(f"{target.name}: {seconds:.0f} s, {size:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
