"""Run the notebooks and write what they show: NAME.py, which is edited, becomes NAME.ipynb.

Names of notebooks may be given; all of them if not.
"""

import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"


def paired(source: Path) -> nbformat.NotebookNode:
    """A notebook as its text has it, without outputs; the same text gives the same file."""
    notebook = jupytext.read(source)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    return notebook


def executed(source: Path) -> nbformat.NotebookNode:
    """A notebook, run from top to bottom in its own folder by this Python."""
    notebook = paired(source)
    resources = {"metadata": {"path": str(source.parent)}}
    client = NotebookClient(notebook, timeout=900, resources=resources, record_timing=False)
    client.extra_arguments = ["--log-level=ERROR"]
    client.execute()
    return notebook


def main(names: list[str]) -> None:
    for source in sorted(FOLDER.glob("*.py")):
        if names and source.stem not in names:
            continue
        begun = time.perf_counter()
        target = source.with_suffix(".ipynb")
        nbformat.write(executed(source), target)
        seconds, size = time.perf_counter() - begun, target.stat().st_size / 1000
        print(f"{target.name}: {seconds:.0f} s, {size:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
