"""Fits without some weeks: what is left out, what stays, and densities by SciPy's formula."""

from dataclasses import replace

import builds
import numpy as np
import pytest
import scipy.stats
import xarray as xr
from arviz_stats.utils import ELPDDataLOO

from mmm_bayes.comparison.lfo import leave_future_out, rescale_by_initial_weeks
from mmm_bayes.comparison.loo import LeaveOneOut, leave_one_out, refit_unreliable_weeks
from mmm_bayes.comparison.refits import Refits, monte_carlo_error
from mmm_bayes.data.design import arrange, make_design
from mmm_bayes.errors import InputError
from mmm_bayes.inference.sampling import (
    CompiledModel,
    Settings,
    add_derived_groups,
    compile_model,
    compute_deterministics,
    sample,
)
from mmm_bayes.model.family import load_member

FORMS = [("identity", "normal"), ("log", "normal"), ("identity", "student_t")]


def density(mean, draws, observed, scale, link, likelihood):
    """Log density of the outcome on its own scale, by the table of `terms.outcome`."""
    sigma = draws["sigma"].values[..., None, None]
    if link == "log":
        return scipy.stats.lognorm.logpdf(observed, sigma, scale=mean)
    if likelihood == "student_t":
        nu = draws["nu"].values[..., None, None]
        return scipy.stats.t.logpdf(observed, nu, mean, sigma * scale)
    return scipy.stats.norm.logpdf(observed, mean, sigma * scale)


def refits_of(built, say=print):
    """Refits of a model that is built but not compiled."""
    arrays = built.design.arrays
    none = xr.DataArray(
        np.zeros((1, 1, arrays.sizes["time"])),
        dims=("chain", "draw", "time"),
        coords={"time": arrays["time"]},
    )
    compiled = CompiledModel(built.model, None, 0.0)
    return Refits(compiled, built.design, Settings(), none, "test", say)


@pytest.mark.parametrize("link, likelihood", FORMS)
@pytest.mark.parametrize("units", [1, 2])
def test_density_of_a_week_left_out(build, link, likelihood, units):
    """Given the draws, it is that of the same week in the fit to all weeks."""
    built = build("no_mediation", link=link, likelihood=likelihood, units=units)
    arrays = built.design.arrays
    week = np.int64(7)
    refits = refits_of(built)
    retained, left_out = refits.sel_observations(week)
    tree = xr.DataTree.from_dict({"posterior": built.draws})
    log_density = refits.log_likelihood__i(left_out, refits.get_inference_data(tree))
    observed, scale = arrays["outcome_observed"].values, arrays["outcome_scale"].values
    mean = built.draws["outcome_location"].transpose("chain", "draw", "time", "unit").values
    expected = density(mean, built.draws, observed, scale, link, likelihood)[:, :, [7]].sum(-1)
    assert log_density.dims == ("chain", "draw", "time")
    np.testing.assert_allclose(log_density.values, expected, rtol=1e-8)
    assert arrays["time"].values[week] not in retained.arrays["time"].values


def test_several_weeks_are_scored_one_by_one_all_units_together(build):
    built = build("partial_mediation", units=2)
    arrays = built.design.arrays
    refits = refits_of(built)
    _, left_out = refits.sel_observations(np.arange(20, builds.WEEKS))
    tree = xr.DataTree.from_dict({"posterior": built.draws})
    log_density = refits.log_likelihood__i(left_out, tree)
    mean = built.draws["outcome_location"].transpose("chain", "draw", "time", "unit").values
    observed, scale = arrays["outcome_observed"].values, arrays["outcome_scale"].values
    expected = density(mean, built.draws, observed, scale, "identity", "normal")
    np.testing.assert_allclose(log_density.values, expected[:, :, 20:].sum(-1), rtol=1e-8)


def test_each_unreliable_week_is_refitted_once(build, monkeypatch):
    """All its units get one exact value, from the fit without them."""
    built = build("no_mediation", units=2)
    arrays = built.design.arrays
    tree = xr.DataTree.from_dict({"posterior": built.draws})
    tree.attrs["rhat"] = 1.0
    monkeypatch.setattr(Refits, "_fit", lambda self, kept: tree)
    k = xr.zeros_like(arrays["outcome_observed"].isel(unit=0, drop=True))
    k[4], k[9] = 0.9, 0.8
    values = ELPDDataLOO(
        elpd=0.0, se=0.0, p=0.0, n_samples=4, n_data_points=k.size, scale="log", warning=True,
        good_k=0.7, elpd_i=xr.zeros_like(k), pareto_k=k,
    )  # fmt: skip
    lines: list[str] = []
    loo = refit_unreliable_weeks(LeaveOneOut(values, k, k > 9), refits_of(built, lines.append))
    days = arrays["time"].values[[4, 9]].astype("datetime64[D]")
    assert lines == [f"test: fit {fit}, without {day}" for fit, day in enumerate(days, start=1)]
    mean = built.draws["outcome_location"].transpose("chain", "draw", "time", "unit").values
    observed, scale = arrays["outcome_observed"].values, arrays["outcome_scale"].values
    by_draw = density(mean, built.draws, observed, scale, "identity", "normal").sum(-1)
    averaged = scipy.special.logsumexp(by_draw.reshape(4, -1), axis=0) - np.log(4)
    np.testing.assert_allclose(loo.elpd.elpd_i, np.where(k > 0, averaged, 0.0), rtol=1e-8)
    assert int(loo.refitted.sum()) == 2


def test_retained_weeks_are_unchanged(build):
    """Their carryover still includes the spend of the weeks left out."""
    built = build("partial_mediation")
    arrays = built.design.arrays
    retained, left_out = refits_of(built).sel_observations(np.array([3, 10]))
    rest = np.delete(np.arange(builds.WEEKS), [3, 10])
    xr.testing.assert_identical(retained.arrays, arrays.isel(time=rest))
    xr.testing.assert_identical(left_out.design.arrays, arrays.isel(time=[3, 10]))
    assert retained.scaling is built.design.scaling


def test_later_weeks_do_not_affect_the_scaling(build):
    """The arrays of the first weeks do not depend on the weeks after them."""
    built = build("partial_mediation")
    first = 18
    later = built.design.dataset.data["outcome"].values.copy()
    later[first:] *= 7
    other = replace(
        built.design, dataset=builds.with_column(built.design.dataset, "outcome", later)
    )
    arrays = rescale_by_initial_weeks(built.design, first).arrays
    other_arrays = rescale_by_initial_weeks(other, first).arrays
    xr.testing.assert_identical(
        arrays.isel(time=slice(first)), other_arrays.isel(time=slice(first))
    )
    short = make_design(built.design.dataset, built.design.form, slice(0, first))
    xr.testing.assert_allclose(arrays.isel(time=slice(first)), short.arrays)
    assert arrays.sizes["time"] == builds.WEEKS


def test_an_outcome_that_only_varies_later_is_refused(build):
    built = build("no_mediation")
    outcome = built.design.dataset.data["outcome"].values.copy()
    outcome[:18] = 5.0
    other = replace(
        built.design, dataset=builds.with_column(built.design.dataset, "outcome", outcome)
    )
    with pytest.raises(InputError, match=r"starts from the first 18 dates, and .*never changes"):
        rescale_by_initial_weeks(other, 18)


def test_monte_carlo_error_is_what_repetitions_show():
    rng = np.random.default_rng(4)
    draws = scipy.stats.norm.logpdf(3.0, rng.normal(0, 1, (2000, 400)), 1.0)
    repeated = scipy.special.logsumexp(draws, axis=1) - np.log(400)
    errors = [monte_carlo_error(log_density) for log_density in draws[:200]]
    assert np.mean(errors) == pytest.approx(repeated.std(), rel=0.1)


LONG = Settings(draws=2000, tune=500, chains=2, seed=3)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """One compiled mediated model for all tests below, and its fit to all weeks."""
    data = builds.dataset(tmp_path_factory.mktemp("table"))
    whole = make_design(data)
    compiled = compile_model(load_member("partial_mediation"), whole)
    tree = add_derived_groups(compiled, whole, sample(compiled, whole, LONG), seed=1)
    return compiled, whole, tree


@pytest.fixture
def again(fitted):
    compiled, whole, tree = fitted

    def refits(arranged=whole, say=lambda line: None):
        likelihood = tree["log_likelihood"].to_dataset()["outcome"]
        return Refits(compiled, arranged, LONG, likelihood, "run", say)

    return refits


@pytest.mark.slow
def test_an_exact_refit_agrees_with_importance_sampling_where_that_is_reliable(fitted, again):
    tree = fitted[2]
    loo = leave_one_out(tree)
    weeks = np.argsort(loo.pareto_k.values)[[0, 5, 10]]
    assert (loo.pareto_k.values[weeks] < 0.4).all()
    forced = xr.zeros_like(loo.pareto_k)
    forced[weeks] = 9.0
    lines: list[str] = []
    refits = again(say=lines.append)
    refitted = refit_unreliable_weeks(replace(loo, pareto_k=forced), refits)
    np.testing.assert_allclose(
        refitted.elpd.elpd_i.values[weeks], loo.elpd.elpd_i.values[weeks], atol=0.1
    )
    assert len(lines) == 3
    assert all(line.startswith("run: fit") for line in lines)
    assert refits.rhat < 1.05


@pytest.mark.slow
def test_leave_future_out_against_fits_by_hand(fitted, again):
    """Fit the weeks before each origin, predict the next week, and evaluate SciPy's density."""
    compiled, whole, tree = fitted
    first, origins = 25, (25, 27, 29)
    arranged = rescale_by_initial_weeks(whole, first)
    refits = again(arranged)
    likelihood = tree["log_likelihood"].to_dataset()["outcome"]
    lfo = leave_future_out(refits, likelihood, first, horizon=1)
    assert lfo.elpd_i.sizes["time"] == builds.WEEKS - first
    for origin in origins:
        before = arrange(whole.dataset, whole.form, arranged.scaling, slice(0, origin))
        draws = sample(compiled, before, replace(LONG, seed=11))["posterior"].to_dataset()
        through = arrange(whole.dataset, whole.form, arranged.scaling, slice(0, origin + 1))
        ceiling = compute_deterministics(compiled, before, draws)["ceiling"]
        mean = compute_deterministics(compiled, through, draws)
        # The deterministics use the ceiling of all weeks given: take that of the fitted ones.
        location = mean["outcome_location"].isel(time=origin, unit=0)
        shift = _media(mean, ceiling, through, origin) - _media(
            mean, mean["ceiling"], through, origin
        )
        expected = location.values + shift * arranged.scaling.outcome[0]
        observed = float(through.arrays["outcome_observed"][origin, 0])
        sigma = draws["sigma"].values * arranged.scaling.outcome[0]
        density = scipy.stats.norm.logpdf(observed, expected, sigma)
        averaged = scipy.special.logsumexp(density) - np.log(density.size)
        assert float(lfo.elpd_i[origin - first]) == pytest.approx(averaged, abs=0.15)


def _media(draws, ceiling, arranged, week):
    """Media contribution of a week before centring: hill(adstock) times the ceiling."""
    lags = arranged.arrays["exposure_lags"].values[week, 0]  # (channel, lag)
    weights = draws["adstock_alpha"].values[..., None] ** np.arange(lags.shape[1])
    stock = (weights / weights.sum(-1, keepdims=True) * lags).sum(-1)
    kappa, slope = draws["saturation_kappa"].values, draws["saturation_slope"].values
    response = stock**slope / (stock**slope + kappa**slope)
    return (response * ceiling.values).sum(-1)
