"""Fits to simulated markets, beside the true effects and beside saved estimates."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np
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


def compare_with_saved(again: pd.DataFrame, saved: pd.DataFrame) -> None:
    """Assert that fits give the estimates that a study saved, within Monte Carlo error.

    Parameters
    ----------
    again, saved : pandas.DataFrame
        As `recover` yields them; each market of `again` is among the saved ones, once. Of 2,000
        draws with an effective number of 500, the standard error of a median is 0.06 posterior
        standard deviations, and that of an end of a 90% interval 0.09 to 0.15.
    """
    keys = ["scenario", "seed", "channel", "estimand"]
    both = again.merge(saved, on=keys, suffixes=("", "_saved"), validate="one_to_one")
    both = both[(both["sd"] > 0) & both["sd"].notna()]
    assert len(both) == len(again[again["sd"] > 0]) > 0
    np.testing.assert_allclose(both["truth"], both["truth_saved"], rtol=1e-4)
    for column, mean, largest in (("median", 0.1, 0.35), ("lower", 0.15, 0.6), ("upper", 0.2, 0.9)):
        away = (both[column] - both[f"{column}_saved"]).abs() / both["sd_saved"]
        print(f"{column}: {away.mean():.3f} on average, {away.max():.3f} at most")
        assert away.mean() < mean, column
        assert away.max() < largest, column
    width, before = both["upper"] - both["lower"], both["upper_saved"] - both["lower_saved"]
    assert 0.9 < (width / both["outcome"]).mean() / (before / both["outcome"]).mean() < 1.1
