"""The members of the family: model files, found by name or by path."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmm_bayes.errors import InputError


@dataclass(frozen=True)
class Member:
    """A model file.

    Attributes
    ----------
    name : str
        The file's name without its ending.
    source : str
        The file's text, kept with every run that it fits.
    build : callable
        From a `Design` to a `pymc.Model`.
    """

    name: str
    source: str
    build: Callable[[Any], Any]


def folder() -> Path:
    """Where the members that come with the library are: beside it, or inside it when installed."""
    here = Path(__file__).parent
    inside = here / "models"
    return inside if inside.is_dir() else here.parent / "models"


def names() -> list[str]:
    """Names of the members that come with the library."""
    return sorted(path.stem for path in folder().glob("*.py") if path.stem != "__init__")


def member(model: str) -> Member:
    """Load a member by its name, or any model file by its path.

    Raises
    ------
    InputError
        If there is no such member or file, if the file cannot be run, or if it has no ``build``.
    """
    path = Path(model) if model.endswith(".py") else folder() / f"{model}.py"
    if not path.is_file():
        raise InputError(
            f"MODEL {model!r} is neither a member of the family ({', '.join(names())}) nor the "
            "path of a model file that ends in .py"
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
    if not callable(getattr(module, "build", None)):
        raise InputError(f"{path}: a model file needs a function build(design) -> pymc.Model")
    return Member(path.stem, path.read_text(encoding="utf-8"), module.build)
