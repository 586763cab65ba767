"""Effects per week in subsets of the weeks: with and without a promotion, at high and low prices.

They are computed from the weekly effects of the fit to the whole table. The model has the same
response to advertising in every week, so differences between subsets come from the spends, from
saturation and, where effects multiply, from the level of the outcome. They are no evidence that
advertising works better in some weeks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm_bayes.data import Dataset
from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.estimands import STATISTICS, summarise
from mmm_bayes.estimands.effects import EFFECTS, weekly_effects
from mmm_bayes.model.counterfactual import Counterfactual

COLUMNS = ("control", "subset", "weeks", "unit", "channel", "estimand", *STATISTICS)
#: The row that compares the two subsets of a control.
DIFFERENCE = "difference"


@dataclass(frozen=True)
class WeekSplit:
    """Two subsets of the weeks, by the value of a control.

    Attributes
    ----------
    names : tuple of str
        Names of the first and the second subset.
    in_second : array of bool, shape (time, unit)
        Whether a week belongs to the second subset.
    """

    control: str
    names: tuple[str, str]
    in_second: NDArray[np.bool_]


def split_weeks(dataset: Dataset) -> Iterator[WeekSplit]:
    """Split the weeks by each control: on or off, or above each unit's own median or not.

    A control for which a subset would be empty in some unit is left out.
    """
    for name in dataset.description.controls:
        values = dataset.data["controls"].sel(control=name).transpose("time", "unit").values
        if np.isin(values, (0.0, 1.0)).all():
            split = WeekSplit(name, ("off", "on"), values == 1.0)
        else:
            split = WeekSplit(name, ("low", "high"), values > np.median(values, axis=0))
        if split.in_second.any(0).all() and not split.in_second.all(0).any():
            yield split


def subset_effects(fitted: Counterfactual) -> pd.DataFrame:
    """Effects per week in the two subsets of each control, and their difference.

    Parameters
    ----------
    fitted : Counterfactual
        Fit to the whole table.

    Returns
    -------
    pandas.DataFrame
        Columns control, subset, weeks, unit, channel, estimand (total, direct, indirect; per week,
        in the outcome's units), mean, median, sd, lower, upper. Besides the two subsets of a
        control there is their difference, second less first, draw by draw. The unit "all" of a
        panel adds up its units, each over its own weeks of the subset.
    """
    dataset = fitted.design.dataset
    units = list(dataset.data["unit"].values)
    splits = list(split_weeks(dataset))
    rows = []
    for channel, effects in zip(dataset.channels, weekly_effects(fitted), strict=True):
        for estimand in EFFECTS:
            weekly = effects[estimand]
            for split in splits:
                masks = np.stack([~split.in_second, split.in_second])
                numbers = masks.sum(1)
                means = np.einsum("ntu,stu->nsu", masks, weekly) / numbers[:, None]
                if len(units) > 1:
                    means = np.concatenate([means, means.sum(-1, keepdims=True)], -1)
                    numbers = np.concatenate([numbers, numbers.sum(-1, keepdims=True)], -1)
                labels = units if len(units) == 1 else [*units, ALL_UNITS]
                subsets = zip(
                    (*split.names, DIFFERENCE),
                    (*numbers, numbers.sum(0)),
                    (*means, means[1] - means[0]),
                    strict=True,
                )
                for subset, number, draws in subsets:
                    summary = summarise(draws)
                    rows += [
                        (
                            split.control,
                            subset,
                            int(number[u]),
                            unit,
                            channel,
                            estimand,
                            *summary[:, u],
                        )
                        for u, unit in enumerate(labels)
                    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values(
        ["control"], kind="stable", ignore_index=True
    )
