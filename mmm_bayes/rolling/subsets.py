"""Where contributions fell: in weeks with and without a promotion, at high and at low prices.

From the weekly effects of the fit to the whole table. The model gives every week the same response
to advertising, so these differences come from what was spent, from saturation and, where effects
multiply, from the level of the week. They do not say that advertising works better in some weeks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm_bayes.counterfactual import World
from mmm_bayes.dataset import Dataset
from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.estimands import STATISTICS, summarise
from mmm_bayes.estimands.effects import EFFECTS, weekly_effects

COLUMNS = ("control", "subset", "weeks", "unit", "channel", "estimand", *STATISTICS)
#: The row that compares the two subsets of a control.
DIFFERENCE = "difference"


@dataclass(frozen=True)
class Halves:
    """The weeks of a table parted by a control.

    Attributes
    ----------
    control : str
    names : tuple of str
        Of the first and the second subset.
    second : array of bool, shape (time, unit)
        Which weeks belong to the second.
    """

    control: str
    names: tuple[str, str]
    second: NDArray[np.bool_]


def halves(dataset: Dataset) -> Iterator[Halves]:
    """Part the weeks by each control: on or off, or above each unit's own median or not.

    A control that parts some unit's weeks into all and none is left out.
    """
    for name in dataset.description.controls:
        values = dataset.data["controls"].sel(control=name).transpose("time", "unit").values
        if np.isin(values, (0.0, 1.0)).all():
            parted = Halves(name, ("off", "on"), values == 1.0)
        else:
            parted = Halves(name, ("low", "high"), values > np.median(values, axis=0))
        if parted.second.any(0).all() and not parted.second.all(0).any():
            yield parted


def subsets(fitted: World) -> pd.DataFrame:
    """Effects per week within the subsets of each control's weeks.

    Parameters
    ----------
    fitted : World
        Of a fit to a whole table.

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
    parted = list(halves(dataset))
    rows = []
    for channel, effects in zip(dataset.channels, weekly_effects(fitted), strict=True):
        for estimand in EFFECTS:
            weekly = effects[estimand]
            for one in parted:
                masks = np.stack([~one.second, one.second])
                numbers = masks.sum(1)
                means = np.einsum("ntu,stu->nsu", masks, weekly) / numbers[:, None]
                if len(units) > 1:
                    means = np.concatenate([means, means.sum(-1, keepdims=True)], -1)
                    numbers = np.concatenate([numbers, numbers.sum(-1, keepdims=True)], -1)
                labels = units if len(units) == 1 else [*units, WHOLE]
                told = zip(
                    (*one.names, DIFFERENCE),
                    (*numbers, numbers.sum(0)),
                    (*means, means[1] - means[0]),
                    strict=True,
                )
                for subset, number, draws in told:
                    summary = summarise(draws)
                    rows += [
                        (
                            one.control,
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
