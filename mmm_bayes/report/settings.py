"""Settings of a run by name, so that runs can be compared setting by setting."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mmm_bayes.report.cells import Row, Table, make_table
from mmm_bayes.report.run import View
from mmm_bayes.report.tables import chains_and_draws, priors
from mmm_bayes.text import MISSING

#: Digits of a hash, enough to tell two apart.
DIGITS = 12
_FORM = {
    "link": "link",
    "likelihood": "likelihood",
    "mediator_likelihood": "likelihood of the mediator",
    "adstock": "form of carryover",
    "max_lag": "weeks with carryover",
    "saturation": "form of saturation",
    "sign": "sign of effects on the outcome",
    "floor": "floor of the outcome",
    "at_floor": "how weeks come to the floor",
    "errors": "disturbances",
    "demand": "unseen demand",
}


def data_settings(run: View) -> dict[str, str]:
    """The table and its description."""
    observed = run.observed
    first, last = np.datetime_as_string(observed["time"].values[[0, -1]], "D")
    settings = {
        "table": str(run.record.get("data_file", MISSING)),
        "table's SHA-256": str(run.record.get("data_sha256", MISSING))[:DIGITS],
        "weeks": f"{observed.sizes['time']}, {first} to {last}",
        "units": ", ".join(map(str, observed["unit"].values)),
    }
    description = run.record.get("description", {})
    keys = ("outcome", "channels", "mediators", "controls", "interactions", "calendar")
    settings |= _flatten({key: description[key] for key in keys if description.get(key)})
    tests = run.group("posterior").get("lift_mean")
    if tests is not None:
        settings["lift tests"] = ", ".join(map(str, tests["experiment"].values))
    return settings


def model_settings(run: View) -> dict[str, str]:
    """The model, its form and its priors."""
    form = run.record.get("form", {})
    of_form = {name: _text(form.get(key)) for key, name in _FORM.items()}
    if form.get("floor") is None:
        of_form[_FORM["at_floor"]] = MISSING
    digest = hashlib.sha256(run.run.model.encode()).hexdigest()[:DIGITS]
    of_priors = {f"prior of {name.text}": prior.text for name, prior in priors(run).rows}
    model = str(run.record.get("model", MISSING))
    return {"model": model, "SHA-256 of the model file": digest} | of_form | of_priors


def fit_settings(run: View) -> dict[str, str]:
    """Settings of the sampler, and the versions of the software."""
    record = run.record
    settings = {
        "chains × draws": chains_and_draws(record),
        "seed": _text(record.get("seed")),
        "git commit": _text(record.get("git_commit"))[:DIGITS],
        "Python": _text(record.get("python")),
    }
    return settings | {f"version of {name}": v for name, v in record.get("versions", {}).items()}


def differences(settings: Mapping[str, Mapping[str, str]]) -> Table | None:
    """The settings that are not the same in all runs; None where all are.

    Parameters
    ----------
    settings : mapping of str to mapping
        Settings by run; one that a run does not have is shown as missing.
    """
    names = dict.fromkeys(name for of_run in settings.values() for name in of_run)
    rows: list[Row] = [
        [name, *values]
        for name in names
        if len(set(values := [of_run.get(name, MISSING) for of_run in settings.values()])) > 1
    ]
    return make_table(("setting", *settings), rows) if rows else None


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Entries of a description by their dotted names."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return MISSING if value is None or value in ("", {}) else str(value)
