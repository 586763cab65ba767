"""Simulation-based calibration over one compiled model."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd

from mmm_bayes.calibration.pit import probability_integral_transform
from mmm_bayes.calibration.process import tables
from mmm_bayes.calibration.quantities import quantities
from mmm_bayes.design import Design
from mmm_bayes.sampling import Compiled, Settings, sample

#: Short fits are enough: ranks need some hundred nearly independent draws.
SETTINGS = Settings(draws=500, tune=400, chains=2)
#: Every how manieth draw is ranked against the truth, so that they are nearly independent.
THIN = 5


def ranks(
    member: str,
    compiled: Compiled,
    reference: Design,
    number: int,
    *,
    settings: Settings = SETTINGS,
    done: int = 0,
    cores: int | None = None,
) -> Iterator[pd.DataFrame]:
    """Rank the truth of simulated tables among the draws of their fits.

    Parameters
    ----------
    member : str
        The member of the family whose stated equations make the tables (`process.tables`).
    compiled : Compiled
        The model that is fitted to them. If it is what it says it is, its ranks are even.
    reference : Design
        Its spends, controls and scaling are those of every table.
    number : int
    settings : Settings
        Its seed makes the tables too.
    done : int
        So many of the first tables are left out.
    cores : int, optional
        Chains to run at a time.

    Yields
    ------
    pandas.DataFrame
        For one table: simulation, quantity, pit (rank of the truth in (0, 1)) and divergences.
        Quantities that are the same constant in the truth and the fit are left out.
    """
    for at, table in enumerate(tables(member, reference, number, settings.seed)):
        if at < done:
            continue
        own = dataclasses.replace(settings, seed=settings.seed + at)
        tree = sample(compiled, table.design, own, cores=cores)
        draws = tree["posterior"].to_dataset().isel(draw=slice(None, None, THIN))
        found = quantities(compiled, table.design, draws)
        rng = np.random.default_rng([settings.seed, at])
        rows = []
        for name in (name for name in table.truth if name in found):
            truth, values = table.truth[name], found[name]
            if (values == truth).all():
                continue
            rows.append((at, name, probability_integral_transform(truth, values, rng)))
        frame = pd.DataFrame(rows, columns=["simulation", "quantity", "pit"])
        yield frame.assign(divergences=int(tree["sample_stats"]["diverging"].sum()))
