"""Comparison of priors for a changing effect: random walks and Gaussian processes.

The same model with four priors of the path of effectiveness, fitted to markets whose media lose
half of their effect (`changing_effect`) and to markets with constant effects (`mediated`):

    walk         `models/time_varying.py`: random walks on a grid, one shared, one for each channel
    learned      the same with unknown, half-normal standard deviations of the steps
    apart        a walk for each channel with one unknown standard deviation, none shared
    process      Hilbert-space Gaussian processes (Matern 5/2; Riutort-Mayol, Buerkner, Andersen,
                 Solin, Vehtari 2023), one shared, one for each channel, with unknown length scale

All expect a change of about the same size over the table. Printed by kind of market: seconds and
divergences a fit (4 chains of 500 + 500), the smallest ESS of any parameter and leapfrog steps a
draw; the root mean squared error of the logarithm of the effectiveness relative to its mean; the
share of (week, channel) whose 90% interval contains the truth (path); and of the ratio of the last
quarter to the first, the share of intervals that contain the truth (held) and that exclude 1
(not_1), and their mean width in logarithms (width).

    python benchmarks/time_varying.py [--markets 6] [--variants walk process]
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from pymc.gp.hsgp_approx import calc_eigenvalues, calc_eigenvectors

from mmm_bayes.data.design import Design, make_design
from mmm_bayes.estimands.over_time import late_early_ratio, relative_effectiveness
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.inference.sampling import Settings, compile_model, compute_deterministics, sample
from mmm_bayes.model import terms
from mmm_bayes.model.family import Member, load_member
from mmm_bayes.model.terms.effectiveness import AHEAD, STEPS
from mmm_bayes.studies.simulate import as_dataset, simulate

KINDS = ("changing_effect", "mediated")
SETTINGS = Settings(draws=500, tune=500, chains=4)
#: Domain of the processes, around its centre: as many later weeks as for the walk, and a margin.
CENTRE, HALF_WIDTH, BASIS = 0.875, 1.225, 14


def learned_scale_walks(design: Design) -> Any:
    """Walks of the member, with unknown scales."""
    drift, own = pm.HalfNormal("drift", 0.5), pm.HalfNormal("own_drift", 0.25)
    step = pm.Normal("step", shape=STEPS + AHEAD)
    own_step = pm.Normal("own_step", shape=(len(design.dataset.channels), STEPS + AHEAD))
    return walk_effectiveness(drift * step + own * own_step)


def separate_walks(design: Design) -> Any:
    """A walk for each channel, with one unknown scale."""
    drift = pm.HalfNormal("drift", 0.56)
    step = pm.Normal("step", shape=(len(design.dataset.channels), STEPS + AHEAD))
    return walk_effectiveness(drift * step)


def walk_effectiveness(steps: Any) -> Any:
    """Effectiveness from the steps of its walk, shape (channel, step), or (step,) for all."""
    model = pm.modelcontext(None)
    starts = np.arange(STEPS + AHEAD) / STEPS
    ramps = pt.clip((model["elapsed"][:, None] - starts) * STEPS, 0.0, 1.0)
    ramps = ramps - np.maximum(1 - starts - 1 / (2 * STEPS), 0.0)
    path = pt.exp((ramps[:, None, :] * steps / np.sqrt(STEPS)).sum(-1))
    return pm.Deterministic("effectiveness", path, dims=("time", "channel"))[:, None, :]


def gaussian_processes(design: Design) -> Any:
    """A shared Gaussian process, and one for each channel, on a common basis."""
    model = pm.modelcontext(None)
    channels = len(design.dataset.channels)
    limits = np.array([HALF_WIDTH])
    values = calc_eigenvalues(limits, [BASIS])
    basis = calc_eigenvectors(model["elapsed"][:, None] - CENTRE, limits, values, [BASIS])
    length = pm.LogNormal("length", np.log(0.25), 0.5)
    density = pm.gp.cov.Matern52(1, ls=length).power_spectral_density(np.sqrt(values))
    amplitude, own_amplitude = (
        pm.HalfNormal("amplitude", 0.35),
        pm.HalfNormal("own_amplitude", 0.18),
    )
    weight = amplitude * pm.Normal("weight", shape=BASIS)
    weight = weight + own_amplitude * pm.Normal("own_weight", shape=(channels, BASIS))
    deviation = (basis[:, None, :] * (weight * pt.sqrt(density))).sum(-1)
    path = pt.exp(deviation - deviation.mean(0))  # centred on the fitted weeks, compared here
    return pm.Deterministic("effectiveness", path, dims=("time", "channel"))[:, None, :]


def variant_member(name: str) -> Member:
    """The member, or the member with another prior of the path."""
    if name == "walk":
        return load_member("time_varying")
    path = {
        "learned": learned_scale_walks, "apart": separate_walks, "process": gaussian_processes,
    }[name]  # fmt: skip

    def build(design: Design) -> pm.Model:
        with terms.model_for(design) as model:
            names = ("mediation_alpha", "mediation_kappa", "mediation_slope")
            cause = terms.saturated_media(design, names=names, dim="cause")
            disturbance = terms.mediator(design, cause)
            media = terms.saturated_media(design) * path(design)
            beta = terms.prior(design, "beta", dims="channel")
            contribution = terms.contribution(design, media, beta, "ceiling")
            terms.outcome(design, terms.baseline(design) + contribution, disturbance)
        return model

    return Member(name, "", build)


def path_scores(draws: xr.Dataset, truth: np.ndarray) -> dict[str, float]:
    """Error and coverage of the path in one market."""
    effectiveness = draws["effectiveness"]
    true = xr.DataArray(truth, dims="time")
    lower, median, upper = relative_effectiveness(effectiveness).quantile(
        [INTERVAL[0], 0.5, INTERVAL[1]], dim=("chain", "draw")
    )
    level = relative_effectiveness(true)
    ratio = late_early_ratio(effectiveness).quantile(INTERVAL, dim=("chain", "draw")).values
    true_ratio = float(late_early_ratio(true))
    return {
        "error": float(np.sqrt(((np.log(median) - np.log(level)) ** 2).mean())),
        "path": float(((lower <= level) & (level <= upper)).mean()),
        "held": float(((ratio[0] <= true_ratio) & (true_ratio <= ratio[1])).mean()),
        "not_1": float(((ratio[0] > 1) | (ratio[1] < 1)).mean()),
        "width": float(np.log(ratio[1] / ratio[0]).mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markets", type=int, default=6)
    parser.add_argument("--variants", nargs="+", default=["walk", "learned", "apart", "process"])
    arguments = parser.parse_args()
    rows = []
    for name in arguments.variants:
        compiled = None
        for kind in KINDS:
            for seed in range(arguments.markets):
                market = simulate(kind, seed=seed)
                arranged = make_design(as_dataset(market))
                compiled = compiled or compile_model(variant_member(name), arranged)
                start = time.perf_counter()
                tree = sample(compiled, arranged, SETTINGS)
                seconds = time.perf_counter() - start
                posterior = tree["posterior"].to_dataset()
                ess = az.ess(posterior)
                fewest = float(ess.to_array().min())
                weeks = arranged.arrays.sizes["time"]
                truth = np.array(market.truth["parameters"].get("effectiveness", np.ones(weeks)))
                rows.append(
                    {
                        "variant": name,
                        "kind": kind,
                        "seed": seed,
                        "seconds": seconds,
                        "divergences": float(tree["sample_stats"]["diverging"].sum()),
                        "worst": min(ess.data_vars, key=lambda name: float(ess[name].min())),
                        "ess": fewest,
                        "leapfrogs": float(tree["sample_stats"]["n_steps"].mean()),
                        **path_scores(compute_deterministics(compiled, arranged, posterior), truth),
                    }
                )
                print(pd.DataFrame(rows[-1:]).round(3).to_string(header=seed == 0), flush=True)
    table = pd.DataFrame(rows).drop(columns=["seed", "worst"])
    print(table.groupby(["variant", "kind"], sort=False).mean().round(3).to_string())


if __name__ == "__main__":
    main()
