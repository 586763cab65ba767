"""Simulation-based calibration with one compiled model."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd

from mmm_bayes.data.design import Design
from mmm_bayes.inference.sampling import CompiledModel, Settings, sample
from mmm_bayes.studies.calibration.pit import probability_integral_transform
from mmm_bayes.studies.calibration.process import SimulatedTable, simulate_tables
from mmm_bayes.studies.calibration.quantities import (
    as_draws,
    log_likelihoods,
    posterior_quantities,
)

#: Short fits are enough: ranks need a few hundred nearly independent draws.
SETTINGS = Settings(draws=500, tune=400, chains=2)
#: Only every fifth draw is ranked against the truth, so that the draws are nearly independent.
THIN = 5


def ranks(
    member: str,
    compiled: CompiledModel,
    reference: Design,
    number: int,
    *,
    settings: Settings = SETTINGS,
    done: int = 0,
    cores: int | None = None,
) -> Iterator[pd.DataFrame]:
    """Rank the truth of simulated tables among the draws of the fits to them.

    Parameters
    ----------
    member : str
        The member of the family whose stated equations make the tables
        (`process.simulate_tables`).
    compiled : CompiledModel
        The model that is fitted to them. Its ranks are uniform if it states the same equations.
    reference : Design
        Its exposures, controls and scaling are those of every table.
    number : int
        Number of simulated tables.
    settings : Settings
        Its seed makes the tables too.
    done : int
        Number of first tables to skip.
    cores : int, optional
        Chains to run at a time.

    Yields
    ------
    pandas.DataFrame
        For one table: simulation, quantity, pit (rank of the truth in (0, 1)) and divergences.
        Quantities that are the same constant in the truth and the fit are left out.
    """
    tables = simulate_tables(member, reference, number, settings.seed)
    for simulation, table in enumerate(tables):
        if simulation < done:
            continue
        seeded = dataclasses.replace(settings, seed=settings.seed + simulation)
        tree = sample(compiled, table.design, seeded, cores=cores)
        draws = tree["posterior"].to_dataset().isel(draw=slice(None, None, THIN))
        quantities = posterior_quantities(compiled, table.design, draws)
        true_values = table.truth | _true_likelihoods(compiled, table)
        chance = np.random.default_rng([settings.seed, simulation]).random()
        rows = []
        for name in (name for name in true_values if name in quantities):
            truth, values = true_values[name], quantities[name]
            if (values == truth).all():
                continue
            rows.append((simulation, name, probability_integral_transform(truth, values, chance)))
        frame = pd.DataFrame(rows, columns=["simulation", "quantity", "pit"])
        yield frame.assign(divergences=int(tree["sample_stats"]["diverging"].sum()))


def _true_likelihoods(compiled: CompiledModel, table: SimulatedTable) -> dict[str, float]:
    """Log-likelihood of the fitted model's equations at the true parameters.

    Empty for a model of other parameters than the table's.
    """
    if not set(compiled.free) <= table.parameters.keys():
        return {}
    true_draw = as_draws(compiled, table.parameters)
    return {
        name: float(value.item())
        for name, value in log_likelihoods(compiled, table.design, true_draw).items()
    }
