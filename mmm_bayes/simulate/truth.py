"""The true effects of a simulated market beside what a fit says of them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd


def against_truth(estimands: pd.DataFrame, truth: str | Path) -> pd.DataFrame:
    """Hold the effects of a fit against those that the market was made with.

    Parameters
    ----------
    estimands : pandas.DataFrame
        Of a run on the simulated table: unit, channel, estimand, mean, median, sd, lower, upper.
    truth : path
        The market's ``NAME.truth.json``.

    Returns
    -------
    pandas.DataFrame
        The rows whose truth is known (total, direct and indirect effects), in the outcome's units:
        unit, channel, estimand, truth, mean, lower, upper, and inside, whether the 90% interval
        holds the truth; missing where the model allows one value only.
    """
    told = json.loads(Path(truth).read_text(encoding="utf-8"))["effects"]
    known = pd.DataFrame(told).rename(columns={"value": "truth"})
    both = estimands.merge(known, on=["unit", "channel", "estimand"])
    inside = (both["lower"] <= both["truth"]) & (both["truth"] <= both["upper"])
    both["inside"] = inside.astype("boolean").where(both["sd"] > 0)
    return both[["unit", "channel", "estimand", "truth", "mean", "lower", "upper", "inside"]]
