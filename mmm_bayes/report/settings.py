"""What a run was made with, one fact a key, so that runs can be laid side by side."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mmm_bayes.report.run import View
from mmm_bayes.report.tables import Table, priors, table

MISSING = "–"
#: Of a hash, enough to tell two apart.
DIGITS = 12
_FORM = {
    "link": "link",
    "likelihood": "likelihood",
    "mediator_likelihood": "likelihood of the mediator",
    "max_lag": "weeks that advertising is felt",
    "sign": "sign of effects on the outcome",
    "floor": "floor of the outcome",
    "at_floor": "how weeks come to the floor",
}


def data(run: View) -> dict[str, str]:
    """The table and its description."""
    seen = run.observed
    time = np.datetime_as_string(seen["time"].values[[0, -1]], "D")
    known = {
        "table": str(run.record.get("data_file", MISSING)),
        "table's SHA-256": str(run.record.get("data_sha256", MISSING))[:DIGITS],
        "weeks": f"{seen.sizes['time']}, {time[0]} to {time[1]}",
        "units": ", ".join(map(str, seen["unit"].values)),
    }
    described = run.record.get("description", {})
    said = ("outcome", "channels", "mediation", "controls", "interactions", "calendar")
    given = dict(_flat({key: described[key] for key in said if described.get(key)}))
    tests = run.group("posterior").get("lift_mean")
    if tests is not None:
        given["lift tests"] = ", ".join(map(str, tests["experiment"].values))
    return known | given


def model(run: View) -> dict[str, str]:
    """The equations, their form and the priors."""
    form = run.record.get("form", {})
    told = {words: _text(form.get(key)) for key, words in _FORM.items()}
    if form.get("floor") is None:
        told[_FORM["at_floor"]] = MISSING
    text = hashlib.sha256(run.run.model.encode()).hexdigest()[:DIGITS]
    named = {"model": str(run.record.get("model", MISSING)), "SHA-256 of its text": text}
    return named | told | {f"prior of {row[0][0]}": row[1][0] for row in priors(run).rows}


def fit(run: View) -> dict[str, str]:
    """How it was sampled, and by what."""
    record = run.record
    told = {
        "chains × draws": f"{record.get('chains')} × {record.get('draws')} after "
        f"{record.get('tune')} of tuning",
        "seed": _text(record.get("seed")),
        "git commit": _text(record.get("git_commit"))[:DIGITS],
        "Python": _text(record.get("python")),
    }
    return told | {f"version of {name}": v for name, v in record.get("versions", {}).items()}


def differing(facts: Mapping[str, Mapping[str, str]]) -> Table | None:
    """The facts that are not the same in all runs; None where all are.

    Parameters
    ----------
    facts : mapping of str to mapping
        By run; what a run has no word on is shown as missing.
    """
    keys = dict.fromkeys(key for told in facts.values() for key in told)
    rows = [[key, *(told.get(key, MISSING) for told in facts.values())] for key in keys]
    rows = [row for row in rows if len(set(row[1:])) > 1]
    return table(("setting", *facts), rows) if rows else None


def _flat(tree: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """A description's entries by their dotted names."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return MISSING if value is None or value in ("", {}) else str(value)
