"""Whether the sampler's draws can be trusted at all.

Rank-normalised split R-hat and the effective sample sizes of the bulk and the tails (Vehtari,
Gelman, Simpson, Carpenter, Bürkner 2021, *Rank-normalization, folding, and localization*);
divergences, tree depth and the energy's fraction of missing information (Betancourt 2016).
"""

from __future__ import annotations

from typing import Any

import arviz_stats as azs
import numpy as np
import xarray as xr

from mmm_bayes.diagnostics.check import Check, Status

GROUP = "convergence"
RHAT_MAX = 1.01
ESS_MIN = 400.0
DIVERGENT_SHARE_MAX = 0.01
BFMI_MIN = 0.3
DEEPEST_SHARE_MAX = 0.01

#: What the samplers call a trajectory that ended at the greatest depth.
DEEPEST = ("maxdepth_reached", "reached_max_treedepth")


def convergence_checks(tree: xr.DataTree) -> list[Check]:
    """Check the draws in `posterior` and the sampler's statistics in `sample_stats`.

    R-hat and ESS are taken over every parameter that is not a path over time, and the worst one
    is named. A sampler's statistic that is absent is not checked.
    """
    draws = parameters(tree)
    prior = tree["prior"].to_dataset() if "prior" in tree.children else xr.Dataset()
    checks = [_rhat(draws, _moves(draws, prior)), _ess(draws, "bulk"), _ess(draws, "tail")]
    if "sample_stats" not in tree.children:
        return checks
    stats = tree["sample_stats"].to_dataset()
    if "diverging" in stats:
        checks.append(_divergences(stats["diverging"]))
    if "energy" in stats:
        checks.append(_energy(stats["energy"]))
    checks += [_depth(stats[name]) for name in DEEPEST if name in stats]
    return checks


def parameters(tree: xr.DataTree) -> xr.Dataset:
    """The posterior's parameters: no paths over time, nothing that is constant in the prior too.

    Returns
    -------
    xarray.Dataset, dims (chain, draw, ...)
    """
    posterior = tree["posterior"].to_dataset()
    prior = tree["prior"].to_dataset() if "prior" in tree.children else xr.Dataset()

    def varies(name: Any) -> bool:
        return any(
            not np.array_equal(values.max(sample).values, values.min(sample).values)
            for values in (posterior[name], *([prior[name]] if name in prior else []))
        )

    sample = ["chain", "draw"]
    return posterior[
        [name for name, var in posterior.items() if "time" not in var.dims and varies(name)]
    ]


def _moves(draws: xr.Dataset, prior: xr.Dataset) -> xr.Dataset:
    """Which elements are unknown: a model may fix some of a vector, as an effect that it rules out.

    An element is taken to be fixed only where the prior's draws say so; one that merely got stuck
    is not.
    """
    sample = ["chain", "draw"]
    return xr.Dataset(
        {
            name: (values.max(sample) > values.min(sample))
            | (prior[name].max(sample) > prior[name].min(sample) if name in prior else True)
            for name, values in draws.items()
        }
    )


def _rhat(draws: xr.Dataset, moves: xr.Dataset) -> Check:
    if draws.sizes["chain"] < 2:
        return Check(
            GROUP, "rhat", None, RHAT_MAX, "warn",
            "There is only one chain, so nothing shows that another would find the same "
            "answer; run at least two.",
        )  # fmt: skip
    with np.errstate(all="ignore"):
        worst, where = _worst(azs.rhat(draws).where(moves, 1.0), largest=True)
    good = worst <= RHAT_MAX
    return Check(
        GROUP, "rhat", worst, RHAT_MAX, "pass" if good else "fail",
        f"The chains agree on every parameter (largest R-hat {worst:.3f}, of {where})."
        if good
        else f"The chains disagree on {where} (R-hat {worst:.3f}, above {RHAT_MAX}), so the "
        "results would change from run to run; draw more, or look at that parameter's prior.",
    )  # fmt: skip


def _ess(draws: xr.Dataset, part: str) -> Check:
    with np.errstate(all="ignore"):
        worst, where = _worst(azs.ess(draws, method=part), largest=False)
    good = worst >= ESS_MIN
    what = {"bulk": "centre", "tail": "interval ends"}[part]
    return Check(
        GROUP, f"ess_{part}", worst, ESS_MIN, "pass" if good else "fail",
        f"The draws pin down the {what} of every parameter (worth at least {worst:.0f} "
        f"independent draws, the fewest for {where})."
        if good
        else f"The draws of {where} are worth only {worst:.0f} independent ones for its {what} "
        f"(at least {ESS_MIN:.0f} are needed); draw more.",
    )  # fmt: skip


def _divergences(diverging: xr.DataArray) -> Check:
    number, share = int(diverging.sum()), float(diverging.mean())
    status: Status = "pass" if number == 0 else "warn"
    if share > DIVERGENT_SHARE_MAX:
        status = "fail"
    return Check(
        GROUP, "divergences", float(number), DIVERGENT_SHARE_MAX * diverging.size, status,
        "The sampler met no region that it could not follow (no divergences)."
        if number == 0
        else f"The sampler could not follow the posterior in {number} of {diverging.size} draws "
        "(divergences), so the intervals may miss a part of it.",
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


def _depth(deepest: xr.DataArray) -> Check:
    share = float(deepest.mean())
    good = share <= DEEPEST_SHARE_MAX
    return Check(
        GROUP, "tree_depth", share, DEEPEST_SHARE_MAX, "pass" if good else "warn",
        f"The sampler's paths were cut short in {share:.1%} of the draws"
        + (", which is rare enough." if good else "; the fit is slow and its draws alike."),
    )  # fmt: skip


def _worst(values: xr.Dataset, *, largest: bool) -> tuple[float, str]:
    """The worst element of a dataset and its label; what is not a number is worst of all."""
    worst, where = (-np.inf if largest else np.inf), ""
    for name, variable in values.items():
        array = variable.values
        if array.size == 0:
            continue
        bad = np.where(np.isnan(array), np.inf if largest else 0.0, array)
        at = np.unravel_index(int(bad.argmax() if largest else bad.argmin()), bad.shape)
        value = float(bad[at])
        if not where or (value > worst if largest else value < worst):
            labels = [
                str(variable[dim].values[i]) for dim, i in zip(variable.dims, at, strict=True)
            ]
            worst, where = value, f"{name}[{', '.join(labels)}]" if labels else str(name)
    return worst, where
