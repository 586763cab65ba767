"""Fits to simulated markets, with one compiled model, beside the true effects."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import pandas as pd
import xarray as xr

from mmm_bayes.estimands import estimand_table, joint_effect, summed_effects
from mmm_bayes.inference.sampling import Settings, add_derived_groups, sample
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.studies.calibration.markets import compiled_markets
from mmm_bayes.studies.simulate import Market

#: Draws with their derived groups, and rows of the effects that are not 0: `estimand_table`, and
#: the truth in the column "value".
Fitted = tuple[xr.DataTree, pd.DataFrame]


def fit_markets(markets: Iterable[Market], settings: Settings, **choices: Any) -> list[Fitted]:
    """Fits of `partial_mediation`; choices are arguments of `form_for`."""
    fits = []
    for market, compiled, design in compiled_markets("partial_mediation", markets, **choices):
        seeded = dataclasses.replace(settings, seed=market.seed + 1)
        draws = sample(compiled, design, seeded)
        tree = add_derived_groups(compiled, design, draws, seed=market.seed)
        fitted = abduct(compiled.model, design, tree["posterior"].to_dataset())
        rows = estimand_table(summed_effects(fitted), joint_effect(fitted)).merge(
            pd.DataFrame(market.truth["effects"]), on=["unit", "channel", "estimand"]
        )
        fits.append((tree, rows[rows["value"] != 0]))
    return fits
