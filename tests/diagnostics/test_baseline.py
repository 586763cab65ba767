"""The check of the baseline's sign, on baselines whose posteriors are known."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from builds import Built
from scipy.stats import norm

from mmm_bayes.diagnostics import diagnose
from mmm_bayes.diagnostics.baseline import baseline_checks
from mmm_bayes.estimands import STATISTICS, channel_effects, summarise
from mmm_bayes.inference.sampling import CompiledModel, compute_deterministics
from mmm_bayes.model.counterfactual import abduct

WEEKS, SD = 40, 10.0


def weekly_of(means: np.ndarray) -> xr.Dataset:
    """Weekly summaries of normal baselines with these means, shape (time, unit)."""
    z = norm.ppf((np.arange(999) + 0.5) / 999)
    summary = summarise(means + SD * z[:, None, None])
    return xr.Dataset(
        {"baseline": (("statistic", "time", "unit"), summary)}, {"statistic": list(STATISTICS)}
    )


def tree_of(shape: tuple[int, ...], low: float = 0.0, **attrs: object) -> xr.DataTree:
    """A fit whose lowest outcome is given."""
    outcome = np.full(shape, 100.0)
    outcome[0, 0] = low
    groups = {"observed_data": xr.Dataset({"outcome": (("time", "unit"), outcome)})}
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {"outcome": "sales", "link": "identity", **attrs}
    return tree


def means_below(number: int, *, units: int = 1, far: int = 0) -> np.ndarray:
    """Means of the weekly baselines: so many below zero, some of them far below."""
    means = np.full(WEEKS * units, 1.0)  # positive, although its 90% interval reaches far below 0
    means[:number] = -1.0
    means[:far] = 1.1 * norm.ppf(0.05) * SD
    return means.reshape(WEEKS, units)


@pytest.mark.parametrize("units, number, status", [(1, 2, "pass"), (1, 3, "warn"), (2, 9, "warn")])
def test_weeks_count_whose_baseline_is_more_likely_negative(
    units: int, number: int, status: str
) -> None:
    (check,) = baseline_checks(
        tree_of((WEEKS, units)), weekly_of(means_below(number, units=units, far=1))
    )
    assert (check.group, check.name, check.threshold) == ("baseline", "negative", 0.05)
    assert check.value == pytest.approx(number / (WEEKS * units))
    assert check.status == status


def test_the_message_says_how_many_and_what_to_do() -> None:
    (check,) = baseline_checks(tree_of((WEEKS, 1)), weekly_of(means_below(10, far=4)))
    assert check.message.startswith(
        "Without media the model expects sales below zero in 25% of weeks (in 10% the whole 90% "
        "interval), which cannot be"
    )
    assert "narrow media_share in [priors]" in check.message
    (check,) = baseline_checks(tree_of((WEEKS, 1)), weekly_of(means_below(0)))
    assert check.message == "Without media the model expects sales below zero in 0% of weeks."


@pytest.mark.parametrize("low, attrs", [(-1.0, {}), (0.0, {"link": "log"}), (0.0, {"floor": 0.0})])
def test_no_check_where_a_baseline_may_or_cannot_be_negative(
    low: float, attrs: dict[str, object]
) -> None:
    weekly = weekly_of(means_below(30))
    assert baseline_checks(tree_of((WEEKS, 1), low, **attrs), weekly) == []
    assert baseline_checks(tree_of((WEEKS, 1)), xr.Dataset()) == []


def test_media_that_make_more_than_the_outcome_are_a_reason(build: Callable[..., Built]) -> None:
    """Media make three times the outcome in every draw, so the baseline is minus twice as much."""
    built = build("no_mediation")
    mean = built.design.dataset.data["outcome"].mean().item()
    share = 3 * mean / built.design.scaling.outcome.item()
    beta = np.exp(built.free["log_beta"])
    free = built.free.assign(log_beta=np.log(share * beta / beta.sum("channel")))
    draws = compute_deterministics(CompiledModel(built.model, None, 0.0), built.design, free)
    effects = channel_effects(abduct(built.model, built.design, draws))
    level = effects.weekly["baseline"].sel(statistic="mean").mean().item()
    assert level == pytest.approx(mean - 3 * mean, rel=0.1)
    observed = built.design.arrays[["outcome_observed"]].rename(outcome_observed="outcome")
    predictive = draws["outcome_location"].to_dataset(name="outcome")
    tree = xr.DataTree.from_dict(
        {"posterior": draws, "posterior_predictive": predictive, "observed_data": observed}
    )
    tree.attrs = {"outcome": "sales", "link": "identity"}
    groups = {"draws": effects.draws, "weekly": effects.weekly}
    with np.errstate(all="ignore"):  # four draws are too few for the other checks
        diagnosis = diagnose(tree, xr.DataTree.from_dict(groups), None)
    expected = "Without media the model expects sales below zero in 100% of weeks"
    assert any(reason.startswith(expected) for reason in diagnosis.reasons)
