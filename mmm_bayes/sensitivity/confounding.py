"""The indirect effect if something unseen moves both the mediator and the outcome.

Sequential ignorability says that the disturbances of the two equations are uncorrelated. The
table cannot show it, so the model is fitted again for each of a grid of correlations `rho` that are
taken as known (Imai, Keele, Yamamoto 2010, *Identification, inference and sensitivity analysis for
causal mediation effects*, section 5). `rho` is data, so one compiled model serves the whole grid.
Give it a design from `free.sign_free`, or the mediator's positive prior keeps intervals off zero.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mmm_bayes.design import Design
from mmm_bayes.fitting import fitted_effects
from mmm_bayes.sampling import Compiled, Settings

GRID = tuple(float(rho) for rho in np.round(np.linspace(-0.8, 0.8, 9), 1))
SETTINGS = Settings(draws=500, tune=500, chains=4)


@dataclass(frozen=True)
class Tipping:
    """Where a cause's indirect effect can no longer be told from none.

    Attributes
    ----------
    channel : str
    naive_contains_zero : bool
        Whether the 90% interval contains 0 at rho = 0 already.
    rho : float or None
        The correlation nearest to 0 at which the interval reaches 0; None if it does not on the
        grid, or at rho = 0 already.
    furthest : float
        The largest correlation, in absolute value, that was tried on both sides.
    says : str
    """

    channel: str
    naive_contains_zero: bool
    rho: float | None
    furthest: float
    says: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return dataclasses.asdict(self)


def at_rho(design: Design, rho: float) -> Design:
    """The design under an assumed correlation of the two disturbances.

    Parameters
    ----------
    design : Design
    rho : float
        Between -1 and 1, both excluded.
    """
    return dataclasses.replace(design, arrays=design.arrays.assign(rho=((), rho)))


def confounding(
    compiled: Compiled, design: Design, grid: Iterable[float] = GRID, settings: Settings = SETTINGS
) -> Iterator[pd.DataFrame]:
    """Refit a mediation model under each correlation of a grid.

    Parameters
    ----------
    compiled : Compiled
        Of a model with a mediator.
    design : Design
    grid : iterable of float
        Correlations of the two equations' disturbances, between -1 and 1.
    settings : Settings

    Yields
    ------
    pandas.DataFrame
        For one rho, the rows of `estimands.table` (total, direct, indirect) with rho first and
        the number of divergences last.
    """
    for rho in grid:
        rows = fitted_effects(compiled, at_rho(design, rho), settings)
        rows.insert(0, "rho", rho)
        yield rows


def tipping_points(rows: pd.DataFrame, causes: Sequence[str]) -> list[Tipping]:
    """Where the indirect effect of each cause reaches zero.

    Parameters
    ----------
    rows : pandas.DataFrame
        What `confounding` yields, together; rho = 0 among it. The last unit is the sum over units.
    causes : sequence of str

    Returns
    -------
    list of Tipping
    """
    whole = rows[(rows["unit"] == rows["unit"].iloc[-1]) & (rows["estimand"] == "indirect")]
    return [_tipping(channel, whole[whole["channel"] == channel]) for channel in causes]


def _tipping(channel: str, curve: pd.DataFrame) -> Tipping:
    curve = curve.sort_values("rho")
    rho, lower, upper = (curve[name].to_numpy() for name in ("rho", "lower", "upper"))
    furthest = float(min(-rho[0], rho[-1]))
    naive = int(np.argmin(np.abs(rho)))
    if lower[naive] <= 0 <= upper[naive]:
        return Tipping(
            channel, True, None, furthest,
            f"The indirect effect of {channel} cannot be told from none even if nothing unseen "
            f"moves both the mediator and the outcome.",
        )  # fmt: skip
    end = lower if lower[naive] > 0 else -upper
    crossings = [
        float(rho[i] + (rho[i + 1] - rho[i]) * end[i] / (end[i] - end[i + 1]))
        for i in range(len(rho) - 1)
        if (end[i] > 0) != (end[i + 1] > 0)
    ]
    if not crossings:
        return Tipping(
            channel, False, None, furthest,
            f"The interval of the indirect effect of {channel} keeps clear of 0 for every "
            f"correlation up to {furthest:g} either way between what is left unexplained of the "
            "mediator and of the outcome.",
        )  # fmt: skip
    tip = min(crossings, key=abs)
    return Tipping(
        channel, False, tip, furthest,
        f"The indirect effect of {channel} can be told from none only if the correlation between "
        f"what is left unexplained of the mediator and of the outcome is "
        f"{'below' if tip > 0 else 'above'} {tip:.2f}"
        + (", which takes little: demand that moves both is enough." if abs(tip) < WEAK else "."),
    )  # fmt: skip


#: A correlation of disturbances that anybody would expect in a real market.
WEAK = 0.3
