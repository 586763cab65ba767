"""Fits without some weeks: what is left out, what stays, and densities by SciPy's formula."""

from dataclasses import replace

import builds
import numpy as np
import pytest
import scipy.stats
import xarray as xr
from arviz_stats.utils import ELPDDataLOO

from mmm_bayes.comparison.future import leave_future_out, unpeeked
from mmm_bayes.comparison.loo import LeaveOneOut, exact, leave_one_out
from mmm_bayes.comparison.refits import Refits, monte_carlo_error
from mmm_bayes.design import arrange, design
from mmm_bayes.errors import InputError
from mmm_bayes.family import member
from mmm_bayes.sampling import Compiled, Settings, compile_model, complete, follow, sample

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
    compiled = Compiled(built.model, None, 0.0)
    return Refits(compiled, built.design, Settings(), none, "test", say)


@pytest.mark.parametrize("link, likelihood", FORMS)
@pytest.mark.parametrize("units", [1, 2])
def test_density_of_a_week_left_out(build, link, likelihood, units):
    """Given the draws, it is that of the same week in the fit to all weeks."""
    built = build("direct", link=link, likelihood=likelihood, units=units)
    arrays = built.design.arrays
    week = np.int64(7)
    refits = refits_of(built)
    kept, left = refits.sel_observations(week)
    tree = xr.DataTree.from_dict({"posterior": built.draws})
    found = refits.log_likelihood__i(left, refits.get_inference_data(tree))
    observed, scale = arrays["outcome_observed"].values, arrays["outcome_scale"].values
    mean = built.draws["outcome_mean"].transpose("chain", "draw", "time", "unit").values
    wanted = density(mean, built.draws, observed, scale, link, likelihood)[:, :, [7]].sum(-1)
    assert found.dims == ("chain", "draw", "time")
    np.testing.assert_allclose(found.values, wanted, rtol=1e-8)
    assert arrays["time"].values[week] not in kept.arrays["time"].values


def test_several_weeks_are_scored_one_by_one_all_units_together(build):
    built = build("partial_mediation", units=2)
    arrays = built.design.arrays
    refits = refits_of(built)
    _, left = refits.sel_observations(np.arange(20, builds.WEEKS))
    found = refits.log_likelihood__i(left, xr.DataTree.from_dict({"posterior": built.draws}))
    mean = built.draws["outcome_mean"].transpose("chain", "draw", "time", "unit").values
    observed, scale = arrays["outcome_observed"].values, arrays["outcome_scale"].values
    wanted = density(mean, built.draws, observed, scale, "identity", "normal")
    np.testing.assert_allclose(found.values, wanted[:, :, 20:].sum(-1), rtol=1e-8)


def test_each_bad_week_is_refitted_once(build, monkeypatch):
    """All its units get one exact value, from the fit without them."""
    built = build("direct", units=2)
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
    told: list[str] = []
    done = exact(LeaveOneOut(values, k, k > 9), refits_of(built, told.append))
    days = arrays["time"].values[[4, 9]].astype("datetime64[D]")
    assert told == [f"test: fit {at}, without {day}" for at, day in enumerate(days, start=1)]
    mean = built.draws["outcome_mean"].transpose("chain", "draw", "time", "unit").values
    observed, scale = arrays["outcome_observed"].values, arrays["outcome_scale"].values
    every = density(mean, built.draws, observed, scale, "identity", "normal").sum(-1).reshape(4, -1)
    wanted = np.where(k > 0, scipy.special.logsumexp(every, axis=0) - np.log(4), 0.0)
    np.testing.assert_allclose(done.elpd.elpd_i, wanted, rtol=1e-8)
    assert int(done.refitted.sum()) == 2


def test_the_weeks_kept_stay_as_they_were(build):
    """Their carryover still holds what was spent in the week left out."""
    built = build("partial_mediation")
    whole = built.design.arrays
    kept, left = refits_of(built).sel_observations(np.array([3, 10]))
    rest = np.delete(np.arange(builds.WEEKS), [3, 10])
    xr.testing.assert_identical(kept.arrays, whole.isel(time=rest))
    xr.testing.assert_identical(left.design.arrays, whole.isel(time=[3, 10]))
    assert kept.scaling is built.design.scaling


def test_the_future_does_not_move_the_scaling(build):
    """Whatever comes after the first weeks, what they look like to the model is the same."""
    built = build("partial_mediation")
    first = 18
    later = built.design.dataset.data["outcome"].values.copy()
    later[first:] *= 7
    other = replace(
        built.design, dataset=builds.with_column(built.design.dataset, "outcome", later)
    )
    one, two = unpeeked(built.design, first), unpeeked(other, first)
    xr.testing.assert_identical(
        one.arrays.isel(time=slice(first)), two.arrays.isel(time=slice(first))
    )
    only = design(built.design.dataset, built.design.form, slice(0, first))
    xr.testing.assert_allclose(one.arrays.isel(time=slice(first)), only.arrays)
    assert one.arrays.sizes["time"] == builds.WEEKS


def test_a_covariate_that_only_varies_later_is_refused(build):
    built = build("direct")
    controls = built.design.dataset.data["controls"].values.copy()
    controls[:18, :, 1] = 0
    other = replace(
        built.design, dataset=builds.with_column(built.design.dataset, "controls", controls)
    )
    with pytest.raises(InputError, match=r"starts from the first 18 weeks, and .*'promotion'"):
        unpeeked(other, 18)


def test_monte_carlo_error_is_what_repetitions_show():
    rng = np.random.default_rng(4)
    draws = scipy.stats.norm.logpdf(3.0, rng.normal(0, 1, (2000, 400)), 1.0)
    repeated = scipy.special.logsumexp(draws, axis=1) - np.log(400)
    told = [monte_carlo_error(one) for one in draws[:200]]
    assert np.mean(told) == pytest.approx(repeated.std(), rel=0.1)


LONG = Settings(draws=2000, tune=500, chains=2, seed=3)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """One compiled mediated model for all tests below, and its fit to all weeks."""
    data = builds.dataset(tmp_path_factory.mktemp("table"))
    whole = design(data)
    compiled = compile_model(member("partial_mediation"), whole)
    tree = complete(compiled, whole, sample(compiled, whole, LONG), seed=1)
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
    found = leave_one_out(tree)
    weeks = np.argsort(found.pareto_k.values)[[0, 5, 10]]
    assert (found.pareto_k.values[weeks] < 0.4).all()
    forced = xr.zeros_like(found.pareto_k)
    forced[weeks] = 9.0
    told: list[str] = []
    refits = again(say=told.append)
    done = exact(replace(found, pareto_k=forced), refits)
    np.testing.assert_allclose(
        done.elpd.elpd_i.values[weeks], found.elpd.elpd_i.values[weeks], atol=0.1
    )
    assert len(told) == 3
    assert all(line.startswith("run: fit") for line in told)
    assert refits.rhat < 1.05


@pytest.mark.slow
def test_leave_future_out_against_fits_by_hand(fitted, again):
    """Fit the weeks before each origin, follow the draws into the next, take SciPy's density."""
    compiled, whole, tree = fitted
    first, origins = 25, (25, 27, 29)
    arranged = unpeeked(whole, first)
    refits = again(arranged)
    likelihood = tree["log_likelihood"].to_dataset()["outcome"]
    found = leave_future_out(refits, likelihood, first, horizon=1)
    assert found.elpd_i.sizes["time"] == builds.WEEKS - first
    for origin in origins:
        before = arrange(whole.dataset, whole.form, arranged.scaling, slice(0, origin))
        draws = sample(compiled, before, replace(LONG, seed=11))["posterior"].to_dataset()
        through = arrange(whole.dataset, whole.form, arranged.scaling, slice(0, origin + 1))
        ceiling = follow(compiled, before, draws)["ceiling"]
        mean = follow(compiled, through, draws)
        # Follow centres by all weeks it is given: take the ceiling of the fitted ones instead.
        response = (mean["outcome_mean"] / arranged.scaling.outcome[0]).isel(time=origin, unit=0)
        shift = _media(mean, ceiling, through, origin) - _media(
            mean, mean["ceiling"], through, origin
        )
        expected = (response + shift).values * arranged.scaling.outcome[0]
        observed = float(through.arrays["outcome_observed"][origin, 0])
        sigma = draws["sigma"].values * arranged.scaling.outcome[0]
        density = scipy.stats.norm.logpdf(observed, expected, sigma)
        wanted = scipy.special.logsumexp(density) - np.log(density.size)
        assert float(found.elpd_i[origin - first]) == pytest.approx(wanted, abs=0.15)


def _media(draws, ceiling, arranged, week):
    """Media's part of a week before centring: hill(adstock) times the ceiling, by its formula."""
    lags = arranged.arrays["exposure_lags"].values[week, 0]  # (channel, lag)
    weights = draws["adstock_alpha"].values[..., None] ** np.arange(lags.shape[1])
    stock = (weights / weights.sum(-1, keepdims=True) * lags).sum(-1)
    kappa, slope = draws["saturation_kappa"].values, draws["saturation_slope"].values
    response = stock**slope / (stock**slope + kappa**slope)
    return (response * ceiling.values).sum(-1)
