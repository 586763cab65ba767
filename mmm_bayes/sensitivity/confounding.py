"""Sensitivity of indirect effects to an unobserved common cause of mediator and outcome.

Sequential ignorability implies that the disturbances of the two equations are uncorrelated. The
data can't test this, so the model is fitted again for each correlation `rho` of a grid, taken as
known (Imai, Keele, Yamamoto 2010, *Identification, inference and sensitivity analysis for causal
mediation effects*, section 5). `rho` is a data node, so one compiled model serves the whole grid.
Use a `sign_free_design`, since a positive prior on the mediator's effect keeps intervals off zero.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mmm_bayes.data.design import Design, make_design
from mmm_bayes.inference.fit import fit_effects
from mmm_bayes.inference.kept import KeptFits
from mmm_bayes.inference.sampling import CompiledModel, Settings

GRID = tuple(float(rho) for rho in np.round(np.linspace(-0.8, 0.8, 9), 1))
SETTINGS = Settings(draws=500, tune=500, chains=4)
#: Correlation of the disturbances, in absolute value, that is common in real markets.
WEAK_CORRELATION = 0.3


@dataclass(frozen=True)
class TippingPoint:
    """Correlation at which the interval of an indirect effect reaches zero.

    Attributes
    ----------
    naive_contains_zero : bool
        Whether the 90% interval at rho = 0 contains 0.
    rho : float or None
        Correlation nearest to 0 at which the interval reaches 0; None if there is none on the grid,
        or the interval at rho = 0 contains 0.
    furthest : float
        Largest correlation, in absolute value, that the grid covers on both sides.
    message : str
        One sentence.
    """

    channel: str
    naive_contains_zero: bool
    rho: float | None
    furthest: float
    message: str

    def to_dict(self) -> dict[str, Any]:
        """The tipping point as a JSON object."""
        return dataclasses.asdict(self)


def without_demand(design: Design) -> Design:
    """The design without an unseen demand, in which ``rho`` is a data node."""
    form = dataclasses.replace(design.form, demand="none")
    return make_design(design.dataset, form, design.weeks)


def assume_rho(design: Design, rho: float) -> Design:
    """The design with an assumed correlation of the two disturbances.

    Parameters
    ----------
    design : Design
        As `without_demand` returns it.
    rho : float
        Correlation, in (-1, 1).
    """
    return dataclasses.replace(design, arrays=design.arrays.assign(rho=((), rho)))


def fit_under_confounding(
    compiled: CompiledModel,
    design: Design,
    grid: Iterable[float] = GRID,
    settings: Settings = SETTINGS,
    *,
    kept: KeptFits | None = None,
) -> Iterator[pd.DataFrame]:
    """Effects of a mediation model refitted under each correlation of a grid.

    Parameters
    ----------
    compiled : CompiledModel
        Model with a mediator.
    design : Design
        As `without_demand` returns it.
    grid : iterable of float
        Correlations of the disturbances of the two equations, in (-1, 1).
    kept : KeptFits, optional
        Where finished fits are kept.

    Yields
    ------
    pandas.DataFrame
        For one rho, the rows of `estimands.table` (total, direct, indirect) with column rho first
        and the number of divergences last.
    """
    for rho in grid:
        rows = fit_effects(compiled, assume_rho(design, rho), settings, kept=kept)
        rows.insert(0, "rho", rho)
        yield rows


def tipping_points(rows: pd.DataFrame, causes: Sequence[str]) -> list[TippingPoint]:
    """Tipping point of the indirect effect of each cause.

    Parameters
    ----------
    rows : pandas.DataFrame
        All rows of `fit_under_confounding`, including rho = 0; the last unit is the sum over units.
    """
    total = rows[(rows["unit"] == rows["unit"].iloc[-1]) & (rows["estimand"] == "indirect")]
    return [_tipping_point(channel, total[total["channel"] == channel]) for channel in causes]


def _tipping_point(channel: str, curve: pd.DataFrame) -> TippingPoint:
    curve = curve.sort_values("rho")
    rho, lower, upper = (curve[name].to_numpy() for name in ("rho", "lower", "upper"))
    furthest = float(min(-rho[0], rho[-1]))
    naive = int(np.argmin(np.abs(rho)))
    if lower[naive] <= 0 <= upper[naive]:
        return TippingPoint(
            channel, True, None, furthest,
            f"The interval of the indirect effect of {channel} contains 0 even if nothing "
            "unobserved affects both the mediator and the outcome.",
        )  # fmt: skip
    end = lower if lower[naive] > 0 else -upper
    crossings = [
        float(rho[i] + (rho[i + 1] - rho[i]) * end[i] / (end[i] - end[i + 1]))
        for i in range(len(rho) - 1)
        if (end[i] > 0) != (end[i + 1] > 0)
    ]
    if not crossings:
        return TippingPoint(
            channel, False, None, furthest,
            f"The interval of the indirect effect of {channel} excludes 0 for every correlation "
            f"from {-furthest:g} to {furthest:g} between the disturbances of the mediator and the "
            "outcome.",
        )  # fmt: skip
    tip = min(crossings, key=abs)
    caveat = (
        ", and a weak common cause, such as demand, is enough to violate this"
        if abs(tip) < WEAK_CORRELATION
        else ""
    )
    return TippingPoint(
        channel, False, tip, furthest,
        f"The interval of the indirect effect of {channel} excludes 0 only if the correlation "
        "between the disturbances of the mediator and the outcome is "
        f"{'below' if tip > 0 else 'above'} {tip:.2f}{caveat}.",
    )  # fmt: skip
