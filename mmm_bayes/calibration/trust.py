"""Whether the 90% intervals of a kind of market can be trusted, by a rule stated beforehand.

The coverage found in so many cases has an interval of its own (Wilson, 90%). Where that interval
reaches 90%, nothing speaks against the intervals. Where it lies below, they claim too much;
where it lies above, they hold the truth more often than they say, and could be narrower.
"""

from __future__ import annotations

from typing import Literal

import pandas as pd

from mmm_bayes.calibration.recovery import summary
from mmm_bayes.simulate.market import CAUSES

NOMINAL = 0.90

Verdict = Literal["trusted", "trusted, wider than need be", "not trusted"]


def verdict(lower: float, upper: float) -> Verdict:
    """The rule.

    Parameters
    ----------
    lower, upper : float
        90% interval of the coverage of 90% intervals.
    """
    if upper < NOMINAL:
        return "not trusted"
    if lower > NOMINAL:
        return "trusted, wider than need be"
    return "trusted"


def judge(rows: pd.DataFrame) -> pd.DataFrame:
    """Coverage and verdict by scenario, effect and group of channels.

    Parameters
    ----------
    rows : pandas.DataFrame
        What `recover` yields, together.

    Returns
    -------
    pandas.DataFrame
        The rows of `summary` with the causes of the mediator taken together as "social", and the
        column "verdict".
    """
    groups = rows["channel"].where(~rows["channel"].isin(CAUSES), "social")
    table = summary(rows.assign(channel=groups))
    edges = zip(table["coverage_lower"], table["coverage_upper"], strict=True)
    return table.assign(verdict=[verdict(lower, upper) for lower, upper in edges])
