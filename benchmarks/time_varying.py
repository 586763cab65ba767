"""Which prior of a changing effect samples and recovers best: walks, or Gaussian processes?

The same model with four priors of the effectiveness' path, fitted to markets whose media lose half
of their effect on the way (`changing_effect`) and to markets in which it stays (`mediated`):

    walk         `models/time_varying.py`: random walks on a grid, one shared, one for each channel
    learned      the same with unknown standard deviations of their steps, half-normal
    apart        each channel its own walk, all with one unknown standard deviation, none shared
    process      Hilbert-space Gaussian processes (Matern 5/2; Riutort-Mayol, Buerkner, Andersen,
                 Solin, Vehtari 2023), one shared, one for each channel, the length scale unknown

All expect a change of about the same size over the table. Printed by kind of market: seconds and
divergences a fit (4 chains of 500 + 500), the fewest effective draws of any parameter and leapfrog
steps a draw; the root mean squared error of the logarithm of the effectiveness relative to its
mean, the share of (week, channel) whose 90% interval holds the true one (path), and of the last
quarter over the first: how many of its intervals hold the truth (held), exclude 1 (not_1), and how
wide they are in logarithms (width).

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

from mmm_bayes import terms
from mmm_bayes.design import Design, design
from mmm_bayes.estimands.over_time import late_over_early, relative_effectiveness
from mmm_bayes.family import Member, member
from mmm_bayes.sampling import Settings, compile_model, follow, sample
from mmm_bayes.simulate import as_dataset, simulate
from mmm_bayes.terms.effectiveness import AHEAD, STEPS

KINDS = ("changing_effect", "mediated")
SETTINGS = Settings(draws=500, tune=500, chains=4)
#: The process' domain, from its middle: weeks after the fitted ones, as for the walk, and a margin.
MIDDLE, HALF, BASIS = 0.875, 1.225, 14


def learned(design: Design) -> Any:
    """The member's walks with unknown scales."""
    drift, own = pm.HalfNormal("drift", 0.5), pm.HalfNormal("own_drift", 0.25)
    step = pm.Normal("step", shape=STEPS + AHEAD)
    own_step = pm.Normal("own_step", shape=(len(design.dataset.channels), STEPS + AHEAD))
    return walked(drift * step + own * own_step)


def apart(design: Design) -> Any:
    """Each channel its own walk, all with one unknown scale."""
    drift = pm.HalfNormal("drift", 0.56)
    step = pm.Normal("step", shape=(len(design.dataset.channels), STEPS + AHEAD))
    return walked(drift * step)


def walked(steps: Any) -> Any:
    """Effectiveness from the steps of its walk, (channel, step) or one for all."""
    model = pm.modelcontext(None)
    begins = np.arange(STEPS + AHEAD) / STEPS
    ramps = pt.clip((model["elapsed"][:, None] - begins) * STEPS, 0.0, 1.0)
    ramps = ramps - np.maximum(1 - begins - 1 / (2 * STEPS), 0.0)
    path = pt.exp((ramps[:, None, :] * steps / np.sqrt(STEPS)).sum(-1))
    return pm.Deterministic("effectiveness", path, dims=("time", "channel"))[:, None, :]


def process(design: Design) -> Any:
    """A shared process and one for each channel, on one basis."""
    model = pm.modelcontext(None)
    channels = len(design.dataset.channels)
    limits = np.array([HALF])
    values = calc_eigenvalues(limits, [BASIS])
    basis = calc_eigenvectors(model["elapsed"][:, None] - MIDDLE, limits, values, [BASIS])
    length = pm.LogNormal("length", np.log(0.25), 0.5)
    density = pm.gp.cov.Matern52(1, ls=length).power_spectral_density(np.sqrt(values))
    amplitude, own = pm.HalfNormal("amplitude", 0.35), pm.HalfNormal("own_amplitude", 0.18)
    weight = amplitude * pm.Normal("weight", shape=BASIS)
    weight = weight + own * pm.Normal("own_weight", shape=(channels, BASIS))
    away = (basis[:, None, :] * (weight * pt.sqrt(density))).sum(-1)
    path = pt.exp(away - away.mean(0))  # good enough for the fitted weeks, which are compared here
    return pm.Deterministic("effectiveness", path, dims=("time", "channel"))[:, None, :]


def variant(name: str) -> Member:
    """The member, or the member with another path."""
    if name == "walk":
        return member("time_varying")
    path = {"learned": learned, "apart": apart, "process": process}[name]

    def build(design: Design) -> pm.Model:
        with terms.model_for(design) as model:
            names = ("mediation_alpha", "mediation_kappa", "mediation_slope")
            cause = terms.saturated_media(design, names=names, dim="cause")
            disturbance = terms.mediator(design, cause)
            media = terms.saturated_media(design) * path(design)
            beta = terms.prior(design, "beta", dims="channel")
            added = terms.contribution(design, media, beta, "ceiling")
            terms.outcome(design, terms.baseline(design) + added, disturbance)
        return model

    return Member(name, "", build)


def measured(draws: xr.Dataset, truth: np.ndarray) -> dict[str, float]:
    """Error and coverage of one market's path."""
    found = draws["effectiveness"]
    true = xr.DataArray(truth, dims="time")
    lower, middle, upper = relative_effectiveness(found).quantile(
        [0.05, 0.5, 0.95], dim=("chain", "draw")
    )
    level = relative_effectiveness(true)
    late = late_over_early(found).quantile([0.05, 0.95], dim=("chain", "draw")).values
    wanted = float(late_over_early(true))
    return {
        "error": float(np.sqrt(((np.log(middle) - np.log(level)) ** 2).mean())),
        "path": float(((lower <= level) & (level <= upper)).mean()),
        "held": float(((late[0] <= wanted) & (wanted <= late[1])).mean()),
        "not_1": float(((late[0] > 1) | (late[1] < 1)).mean()),
        "width": float(np.log(late[1] / late[0]).mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markets", type=int, default=6)
    parser.add_argument("--variants", nargs="+", default=["walk", "learned", "apart", "process"])
    asked = parser.parse_args()
    rows = []
    for name in asked.variants:
        compiled = None
        for kind in KINDS:
            for seed in range(asked.markets):
                market = simulate(kind, seed=seed)
                arranged = design(as_dataset(market))
                compiled = compiled or compile_model(variant(name), arranged)
                begun = time.perf_counter()
                tree = sample(compiled, arranged, SETTINGS)
                seconds = time.perf_counter() - begun
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
                        **measured(follow(compiled, arranged, posterior), truth),
                    }
                )
                print(pd.DataFrame(rows[-1:]).round(3).to_string(header=seed == 0), flush=True)
    table = pd.DataFrame(rows).drop(columns=["seed", "worst"])
    print(table.groupby(["variant", "kind"], sort=False).mean().round(3).to_string())


if __name__ == "__main__":
    main()
