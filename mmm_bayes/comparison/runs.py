"""Reading runs, and checking that their scores are comparable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmm_bayes.errors import InputError
from mmm_bayes.inference import runs
from mmm_bayes.inference.runs import Run


def load_comparable(folders: Sequence[Path]) -> dict[str, Run]:
    """Runs whose scores are comparable, by name.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Two or more run folders.

    Returns
    -------
    dict of str to Run
        As `read_runs` returns them.

    Raises
    ------
    InputError
        If the folders can't be read, or the runs are not comparable.
    """
    loaded = read_runs(folders)
    check_comparable(loaded)
    return loaded


def read_runs(folders: Sequence[Path]) -> dict[str, Run]:
    """Runs by name, the shortest ending of their path that is unique among them.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Two or more run folders.

    Returns
    -------
    dict of str to Run
        In the order of the folders.

    Raises
    ------
    InputError
        If there are fewer than two, or one is not a finished run or is listed twice.
    """
    if len(folders) < 2:
        count_phrase = f"only {folders[0]}" if folders else "none"
        raise InputError(
            f"a comparison needs two or more runs, but {count_phrase} was given; name another"
        )
    paths = [folder.resolve() for folder in folders]
    for index, path in enumerate(paths):
        if path in paths[:index]:
            raise InputError(f"{folders[index]} is given twice; name each run once")
    return dict(zip(_names(paths), map(runs.load, folders), strict=True))


def check_comparable(loaded: Mapping[str, Run]) -> None:
    """Check that the scores of runs are comparable.

    Parameters
    ----------
    loaded : mapping of str to Run
        Two or more.

    Raises
    ------
    InputError
        If the tables differ, or the runs score different weeks, units or outcomes.
    """
    first, *others = loaded.items()
    for name, run in loaded.items():
        _check_scored(name, run)
    for other in others:
        _check_same_data(first, other)
        _check_same_weeks(first, other)
    _check_same_holdouts(loaded)


def _names(paths: Sequence[Path]) -> list[str]:
    """Shortest ending of each path that is unique among them."""

    def unique_ending(path: Path) -> str:
        for depth in count(1):
            ending = path.parts[-depth:]
            if sum(other.parts[-depth:] == ending for other in paths) == 1:
                return "/".join(ending)
        raise AssertionError

    return [unique_ending(path) for path in paths]


def _check_scored(name: str, run: Run) -> None:
    groups = run.draws.children
    if "log_likelihood" not in groups or "outcome" not in run.draws["log_likelihood"]:
        raise InputError(
            f"{name} has no log-likelihood of the outcome, which the comparison needs; fit it again"
        )
    if not np.isfinite(run.draws["log_likelihood"].to_dataset()["outcome"].values).all():
        raise InputError(
            f"{name} has draws under which an observed outcome is impossible (its log-likelihood "
            "is not finite); fit it with another likelihood"
        )


def _check_same_data(first: tuple[str, Run], second: tuple[str, Run]) -> None:
    hashes = [run.record["data_sha256"] for _, run in (first, second)]
    if hashes[0] != hashes[1]:
        raise InputError(
            f"{first[0]} and {second[0]} were fitted to different data (SHA-256 {hashes[0][:8]}... "
            f"and {hashes[1][:8]}...), so their scores can't be compared; fit both to one table"
        )


def _check_same_weeks(first: tuple[str, Run], second: tuple[str, Run]) -> None:
    scored = [run.draws["observed_data"].to_dataset()["outcome"] for _, run in (first, second)]
    for dim, plural in (("time", "dates"), ("unit", "units")):
        if not np.array_equal(scored[0][dim].values, scored[1][dim].values):
            raise InputError(
                f"{first[0]} and {second[0]} score different {plural} of the same table, so their "
                f"scores can't be compared; fit both to the same {plural}"
            )
    if not np.array_equal(scored[0].values, scored[1].values):
        raise InputError(
            f"{first[0]} and {second[0]} model different outcomes of the same table "
            f"({_outcome(first[1])!r} and {_outcome(second[1])!r}); fit both to the same outcome"
        )


def comparable_weeks(loaded: Mapping[str, Run]) -> NDArray[np.bool_]:
    """Mask of the weeks whose outcome the runs can compare.

    A week at the floor of a run has a probability in that run and a density in a run without the
    floor. A week whose outcome is replaced by a lift test in a run is not in its likelihood.

    Parameters
    ----------
    loaded : mapping of str to Run
        Runs with the same weeks and outcomes.

    Returns
    -------
    array of bool, shape (time,)
    """
    at_floor = []
    for run in loaded.values():
        outcome = run.draws["observed_data"].to_dataset()["outcome"].transpose("time", "unit")
        at_floor.append(outcome.values <= run.draws.attrs.get("floor", -np.inf))
    same = np.all(at_floor, axis=0) == np.any(at_floor, axis=0)
    return np.asarray(same.all(-1) & ~replaced_weeks(loaded))


def replaced_weeks(loaded: Mapping[str, Run]) -> NDArray[np.bool_]:
    """Mask of the weeks whose outcome a lift test replaces in some run, shape (time,)."""
    first, *_ = loaded.values()
    replaced = np.zeros(first.draws["observed_data"].sizes["time"], dtype=bool)
    for run in loaded.values():
        constant = run.draws.children.get("constant_data")
        if constant is not None and "replaced" in constant:
            replaced |= (constant["replaced"] > 0).any("unit").values
    return replaced


def _outcome(run: Run) -> str:
    return str(run.record["description"]["outcome"])


def _check_same_holdouts(loaded: Mapping[str, Run]) -> None:
    holdouts = [
        (name, run.draws["predictions_observed"].to_dataset())
        for name, run in loaded.items()
        if has_holdout(run)
    ]
    for name, observed in holdouts[1:]:
        if not np.array_equal(observed["time"].values, holdouts[0][1]["time"].values):
            raise InputError(
                f"{holdouts[0][0]} and {name} have different holdouts; fit them again with "
                "the same version of the library"
            )


def has_holdout(run: Run) -> bool:
    """True if a run has predictions of holdout weeks."""
    return {"predictions", "predictions_observed"} <= set(run.draws.children)
