"""Members of the model family: model files, loaded by name or by path."""

from __future__ import annotations

import importlib.util
import inspect
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmm_bayes.data.design import Design
from mmm_bayes.errors import InputError, error_context


@dataclass(frozen=True)
class Member:
    """A model file.

    Attributes
    ----------
    name : str
        Name of the file without its suffix.
    source : str
        Text of the file, saved with every run.
    build : callable
        From a `Design` to a `pymc.Model` that has what the library needs (`contract`).
    """

    name: str
    source: str
    build: Callable[[Design], Any]


def models_folder() -> Path:
    """Folder of the library's own members: beside the package, or inside it when installed."""
    package = Path(__file__).parents[1]
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


def member_names() -> list[str]:
    """Names of the library's own members."""
    return sorted(path.stem for path in models_folder().glob("*.py") if path.stem != "__init__")


def load_member(model: str) -> Member:
    """Member of the given name, or model file at the given path.

    Raises
    ------
    InputError
        If there is no such member or file, if the file cannot be run, or if it has no ``build`` of
        one argument.
    """
    path = Path(model) if model.endswith(".py") else models_folder() / f"{model}.py"
    if not path.is_file():
        raise InputError(
            f"MODEL {model!r} is neither a member of the family ({', '.join(member_names())}) nor "
            "the path of a model file that ends in .py"
        )
    spec = importlib.util.spec_from_file_location(f"mmm_bayes_member_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        raise InputError(
            f"{path}: the model file cannot be run: {type(problem).__name__}: {problem}"
        ) from problem
    build = getattr(module, "build", None)
    needed = "a model file needs a function build(design) -> pymc.Model"
    if not callable(build):
        raise InputError(f"{path}: {needed}")
    if not _takes_one_argument(build):
        raise InputError(f"{path}: {needed}, and its build takes {inspect.signature(build)}")
    return Member(path.stem, path.read_text(encoding="utf-8"), _checked(build, path))


def _takes_one_argument(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return False
    return True


def _checked(build: Callable[..., Any], path: Path) -> Callable[[Design], Any]:
    """A file's `build`, refused in one sentence where it fails or its model lacks something."""

    def checked(design: Design) -> Any:
        from mmm_bayes.model.contract import check_model

        try:
            model = build(design)
        except InputError:
            raise
        except Exception as problem:
            if path.parent == models_folder():
                raise  # a fault of this library, not of the user's file
            raise InputError(f"{path}{_line(problem, path)}: {_described(problem)}") from problem
        with error_context(path):
            check_model(design, model)
        return model

    return checked


def _line(problem: Exception, path: Path) -> str:
    """Line of a file where an exception arose, as text; empty if it did not pass through it."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(problem.__traceback__)
        if Path(frame.filename) == path
    ]
    return f", line {lines[-1]}" if lines else ""


def _described(problem: Exception) -> str:
    """An exception as a clause; PyTensor appends pages on the node where it arose."""
    text = str(problem).partition("\nApply node")[0].strip(" .\n")
    return f"build(design) raises {type(problem).__name__}: {text}; correct that line"
