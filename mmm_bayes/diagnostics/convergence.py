"""Convergence checks of the sampler's draws.

Rank-normalised split R-hat and the effective sample sizes of the bulk and the tails (Vehtari,
Gelman, Simpson, Carpenter, Bürkner 2021, *Rank-normalization, folding, and localization*);
divergences, tree depth and the energy Bayesian fraction of missing information (Betancourt 2016).
"""

from __future__ import annotations

from typing import Any

import arviz_stats as azs
import numpy as np
import xarray as xr

from mmm_bayes.diagnostics.check import Check, Status
from mmm_bayes.model.evaluation import SAMPLE_DIMS

GROUP = "convergence"
RHAT_MAX = 1.01
ESS_MIN = 400.0
DIVERGENT_SHARE_MAX = 0.01
BFMI_MIN = 0.3
TREE_DEPTH_SHARE_MAX = 0.01

#: Names that samplers give to the flag of a trajectory that reached the maximum tree depth.
TREE_DEPTH_FLAGS = ("maxdepth_reached", "reached_max_treedepth")


def convergence_checks(tree: xr.DataTree) -> list[Check]:
    """Checks of R-hat, ESS and the sampler's statistics.

    R-hat and ESS are computed for every parameter that is not a time series, and the worst one is
    reported. Sampler statistics that are absent are not checked.

    Parameters
    ----------
    tree : xarray.DataTree
        Groups ``posterior`` and, if present, ``prior`` and ``sample_stats``.
    """
    draws = varying_parameters(tree)
    prior = tree["prior"].to_dataset() if "prior" in tree.children else xr.Dataset()
    checks = [_rhat(draws, _is_free(draws, prior)), _ess(draws, "bulk"), _ess(draws, "tail")]
    if "sample_stats" not in tree.children:
        return checks
    stats = tree["sample_stats"].to_dataset()
    if "diverging" in stats:
        checks.append(_divergences(stats["diverging"]))
    if "energy" in stats:
        checks.append(_energy(stats["energy"]))
    checks += [_tree_depth(stats[name]) for name in TREE_DEPTH_FLAGS if name in stats]
    return checks


def varying_parameters(tree: xr.DataTree) -> xr.Dataset:
    """Posterior draws of the parameters that vary, without time series.

    Parameters constant in the posterior but not in the prior are kept: their chains are stuck.

    Parameters
    ----------
    tree : xarray.DataTree
        Groups ``posterior`` and, if present, ``prior``.

    Returns
    -------
    xarray.Dataset, dims (chain, draw, ...)
    """
    posterior = tree["posterior"].to_dataset()
    prior = tree["prior"].to_dataset() if "prior" in tree.children else xr.Dataset()

    def varies(name: Any) -> bool:
        return any(
            not np.array_equal(values.max(SAMPLE_DIMS).values, values.min(SAMPLE_DIMS).values)
            for values in (posterior[name], *([prior[name]] if name in prior else []))
        )

    return posterior[
        [name for name, var in posterior.items() if "time" not in var.dims and varies(name)]
    ]


def _is_free(draws: xr.Dataset, prior: xr.Dataset) -> xr.Dataset:
    """True for unknown elements; a model may fix some, such as an effect that it rules out.

    An element counts as fixed only if it is constant in the prior too: if its chains are merely
    stuck, it is free.
    """
    return xr.Dataset(
        {
            name: (values.max(SAMPLE_DIMS) > values.min(SAMPLE_DIMS))
            | (
                prior[name].max(SAMPLE_DIMS) > prior[name].min(SAMPLE_DIMS)
                if name in prior
                else True
            )
            for name, values in draws.items()
        }
    )


def _rhat(draws: xr.Dataset, free: xr.Dataset) -> Check:
    if draws.sizes["chain"] < 2:
        return Check(
            GROUP, "rhat", None, RHAT_MAX, "warn",
            "There is only one chain, so convergence cannot be assessed; run at least two.",
        )  # fmt: skip
    with np.errstate(all="ignore"):
        worst, parameter = _worst_element(azs.rhat(draws).where(free, 1.0), largest=True)
    good = worst <= RHAT_MAX
    return Check(
        GROUP, "rhat", worst, RHAT_MAX, "pass" if good else "fail",
        f"The chains agree on every parameter (largest R-hat {worst:.3f}, of {parameter})."
        if good
        # Rounded up: 1.0103 is not "1.010, above 1.01".
        else f"The chains disagree on {parameter} (R-hat {np.ceil(1000 * worst) / 1000:.3f}, above "
        f"{RHAT_MAX}), so the "
        "results would change from run to run; take more draws, or check that parameter's prior.",
    )  # fmt: skip


def _ess(draws: xr.Dataset, method: str) -> Check:
    with np.errstate(all="ignore"):
        worst, parameter = _worst_element(azs.ess(draws, method=method), largest=False)
    good = worst >= ESS_MIN
    part = {"bulk": "centre", "tail": "tails"}[method]
    return Check(
        GROUP, f"ess_{method}", worst, ESS_MIN, "pass" if good else "fail",
        f"There are enough draws for the {part} of every posterior (smallest effective sample "
        f"size {worst:.0f}, of {parameter})."
        if good
        else f"The draws of {parameter} are worth only {worst:.0f} independent ones in the {part} "
        f"of its posterior (at least {ESS_MIN:.0f} are needed); take more draws.",
    )  # fmt: skip


def _divergences(diverging: xr.DataArray) -> Check:
    number, share = int(diverging.sum()), float(diverging.mean())
    status: Status = "pass" if number == 0 else "warn"
    if share > DIVERGENT_SHARE_MAX:
        status = "fail"
    return Check(
        GROUP, "divergences", float(number), DIVERGENT_SHARE_MAX * diverging.size, status,
        "The sampler had no divergences."
        if number == 0
        else f"The sampler could not follow the posterior in {number} of {diverging.size} draws "
        "(divergences), so the intervals may miss part of it.",
    )  # fmt: skip


def _energy(energy: xr.DataArray) -> Check:
    worst = float(np.min(azs.bfmi(energy.to_dataset(name="energy"))["energy"]))
    good = worst >= BFMI_MIN
    return Check(
        GROUP, "bfmi", worst, BFMI_MIN, "pass" if good else "warn",
        f"The sampler moves freely between regions of the posterior (E-BFMI {worst:.2f})."
        if good
        else f"The sampler moves slowly through the tails of the posterior (E-BFMI {worst:.2f}, "
        f"below {BFMI_MIN}), so the ends of the intervals are less certain than they look.",
    )  # fmt: skip


def _tree_depth(reached: xr.DataArray) -> Check:
    share = float(reached.mean())
    good = share <= TREE_DEPTH_SHARE_MAX
    return Check(
        GROUP, "tree_depth", share, TREE_DEPTH_SHARE_MAX, "pass" if good else "warn",
        f"The sampler reached its maximum tree depth in {share:.1%} of the draws"
        + (", which is rare enough." if good else ": it is slow, and its draws are correlated."),
    )  # fmt: skip


def _worst_element(values: xr.Dataset, *, largest: bool) -> tuple[float, str]:
    """The worst element of a dataset and its label; NaN counts as worst of all."""
    worst, worst_label = (-np.inf if largest else np.inf), ""
    for name, variable in values.items():
        array = variable.values
        if array.size == 0:
            continue
        filled = np.where(np.isnan(array), np.inf if largest else 0.0, array)
        index = np.unravel_index(int(filled.argmax() if largest else filled.argmin()), filled.shape)
        value = float(filled[index])
        if not worst_label or (value > worst if largest else value < worst):
            labels = [
                str(variable[dim].values[i]) for dim, i in zip(variable.dims, index, strict=True)
            ]
            worst, worst_label = value, f"{name}[{', '.join(labels)}]" if labels else str(name)
    return worst, worst_label
