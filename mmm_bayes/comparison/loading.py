"""Read the runs to compare, and refuse those whose scores would not mean the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmm_bayes import runs
from mmm_bayes.errors import InputError
from mmm_bayes.runs import Run


def load(folders: Sequence[Path]) -> dict[str, Run]:
    """Read run folders whose scores can be compared.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Two or more.

    Returns
    -------
    dict of str to Run
        In the order given, named as by `read`.

    Raises
    ------
    InputError
        As `read` and `refuse_incomparable` do.
    """
    loaded = read(folders)
    refuse_incomparable(loaded)
    return loaded


def read(folders: Sequence[Path]) -> dict[str, Run]:
    """Read run folders and name each by the shortest ending of its path that is its own.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Two or more.

    Returns
    -------
    dict of str to Run
        In the order given.

    Raises
    ------
    InputError
        If there are fewer than two, or if one is not a finished run or is given twice.
    """
    if len(folders) < 2:
        given = f"only {folders[0]}" if folders else "none"
        raise InputError(
            f"a comparison needs two or more runs, but {given} was given; name another"
        )
    paths = [folder.resolve() for folder in folders]
    for at, path in enumerate(paths):
        if path in paths[:at]:
            raise InputError(f"{folders[at]} is given twice; name each run once")
    return dict(zip(_names(paths), map(runs.load, folders), strict=True))


def refuse_incomparable(loaded: Mapping[str, Run]) -> None:
    """Refuse runs whose scores would not mean the same.

    Parameters
    ----------
    loaded : mapping of str to Run
        Two or more.

    Raises
    ------
    InputError
        If the tables differ, or if the runs score other weeks, units or outcomes.
    """
    first, *others = loaded.items()
    for one in loaded.items():
        _refuse_unscored(*one)
    for other in others:
        _refuse_other_data(first, other)
        _refuse_other_weeks(first, other)
    _refuse_other_holdouts(loaded)


def _names(paths: Sequence[Path]) -> list[str]:
    """RUN, or as much of the path before it as tells it from the others."""

    def own(path: Path) -> str:
        for depth in count(1):
            ending = path.parts[-depth:]
            if sum(other.parts[-depth:] == ending for other in paths) == 1:
                return "/".join(ending)
        raise AssertionError

    return [own(path) for path in paths]


def _refuse_unscored(name: str, run: Run) -> None:
    groups = run.draws.children
    if "log_likelihood" not in groups or "outcome" not in run.draws["log_likelihood"]:
        raise InputError(
            f"{name} holds no log-likelihood of the outcome, which the comparison is made from; "
            "fit it anew"
        )
    if not np.isfinite(run.draws["log_likelihood"].to_dataset()["outcome"].values).all():
        raise InputError(
            f"{name} has draws under which an observed week is impossible (a log-likelihood that "
            "is not finite); fit it with another likelihood"
        )


def _refuse_other_data(one: tuple[str, Run], other: tuple[str, Run]) -> None:
    hashes = [run.record["data_sha256"] for _, run in (one, other)]
    if hashes[0] != hashes[1]:
        raise InputError(
            f"{one[0]} and {other[0]} were fitted to different data (SHA-256 {hashes[0][:8]}... "
            f"and {hashes[1][:8]}...), so their scores can't be compared; fit both to one table"
        )


def _refuse_other_weeks(one: tuple[str, Run], other: tuple[str, Run]) -> None:
    scored = [run.draws["observed_data"].to_dataset()["outcome"] for _, run in (one, other)]
    for dim, what in (("time", "weeks"), ("unit", "units")):
        if not np.array_equal(scored[0][dim].values, scored[1][dim].values):
            raise InputError(
                f"{one[0]} and {other[0]} score different {what} of the same table, so their "
                f"scores can't be compared; fit both to the same {what}"
            )
    if not np.array_equal(scored[0].values, scored[1].values):
        raise InputError(
            f"{one[0]} and {other[0]} model different outcomes of the same table "
            f"({_outcome(one[1])!r} and {_outcome(other[1])!r}); fit both to the same outcome"
        )


def densities(loaded: Mapping[str, Run]) -> NDArray[np.bool_]:
    """Weeks that mean the same to all runs: a density in each of them, or a probability in each.

    A run with a floor gives a week at that floor a probability, one without it a density, and the
    two have no common measure.

    Parameters
    ----------
    loaded : mapping of str to Run
        Of the same weeks and outcomes.

    Returns
    -------
    array of bool, shape (time,)
    """
    at_floor = []
    for run in loaded.values():
        outcome = run.draws["observed_data"].to_dataset()["outcome"].transpose("time", "unit")
        at_floor.append(outcome.values <= run.draws.attrs.get("floor", -np.inf))
    return np.asarray((np.all(at_floor, axis=0) == np.any(at_floor, axis=0)).all(-1))


def _outcome(run: Run) -> str:
    return str(run.record["description"]["outcome"])


def _refuse_other_holdouts(loaded: Mapping[str, Run]) -> None:
    kept = [
        (name, run.draws["predictions_observed"].to_dataset())
        for name, run in loaded.items()
        if has_holdout(run)
    ]
    for name, observed in kept[1:]:
        if not np.array_equal(observed["time"].values, kept[0][1]["time"].values):
            raise InputError(
                f"{kept[0][0]} and {name} kept different weeks as their holdout; fit them "
                "anew with the same version of the library"
            )


def has_holdout(run: Run) -> bool:
    """Whether a run predicted weeks that its second fit had not seen."""
    return {"predictions", "predictions_observed"} <= set(run.draws.children)
