"""Autoregressive disturbances, against joint normal distributions with a covariance by formula."""

from dataclasses import replace

import builds
import numpy as np
import pytest
import scipy.stats
import xarray as xr
from builds import CHAINS, DRAWS, WEEKS, flat, log_densities

from mmm_bayes.comparison.refits import Refits
from mmm_bayes.data.description import Experiments
from mmm_bayes.data.design import arrange, data_names, make_design, select_rows
from mmm_bayes.data.form import form_for
from mmm_bayes.diagnostics.predictive import conditional_location
from mmm_bayes.diagnostics.residuals import standardised_residuals
from mmm_bayes.errors import InputError
from mmm_bayes.inference.predictive import predict, replicate
from mmm_bayes.inference.sampling import CompiledModel, Settings, compute_deterministics
from mmm_bayes.model.evaluation import graph_function

FORMS = [("identity", "normal"), ("identity", "lognormal"), ("log", "normal")]


def correlation(phi, rows):
    """Of the disturbances of some weeks with one another."""
    return phi ** np.abs(np.subtract.outer(rows, rows))


def jacobian(log, values):
    return np.log(values).sum() if log else 0.0


@pytest.mark.parametrize("rows", [range(WEEKS), [0, 1, 2, 5, 6, 9, 20, 29], [7, 8, 30 - 1]])
@pytest.mark.parametrize("link, likelihood", FORMS)
def test_density_is_that_of_a_stationary_process(build, link, likelihood, rows):
    """With weeks left out, too: the weeks after a gap remember as many steps less."""
    built = build("partial_mediation", link=link, likelihood=likelihood, errors="ar1")
    rows = np.array(list(rows))
    design = select_rows(built.design, rows)
    found = log_densities(built, design, ["outcome"])
    # Ceilings depend on the weeks at hand: compare with locations of the same weeks.
    draws = compute_deterministics(CompiledModel(built.model, None, 0.0), design, built.free)
    observed = design.arrays["outcome_observed"].values[:, 0]
    log = built.design.form.multiplicative
    scale = 1.0 if log else design.arrays["outcome_scale"].values[0]
    for index, location in enumerate(flat(draws["outcome_location"])[..., 0]):
        phi, sigma = flat(draws["phi"])[index], flat(draws["sigma"])[index]
        covariance = (sigma * scale) ** 2 * correlation(phi, rows)
        value, mean = (np.log(observed), np.log(location)) if log else (observed, location)
        expected = scipy.stats.multivariate_normal.logpdf(value, mean, covariance)
        assert found["outcome"][index] == pytest.approx(expected - jacobian(log, observed))


def test_a_shock_that_units_share_is_remembered_by_all(build):
    built = build("panel", units=2, errors="ar1")
    found = log_densities(built, built.design, ["outcome", "mediator"])
    scales = {name: built.design.arrays[f"{name}_scale"].values for name in ("outcome", "mediator")}
    for name, prefix in (("outcome", ""), ("mediator", "mediator_")):
        observed = built.design.arrays[f"{name}_observed"].values
        for index in range(CHAINS * DRAWS):
            sigma = flat(built.draws[f"{prefix}sigma"])[index] * scales[name]
            shock = flat(built.draws[f"{prefix}shared_sigma"])[index] * scales[name]
            of_units = np.diag(sigma**2) + np.outer(shock, shock)
            over_time = correlation(flat(built.draws[f"{prefix}phi"])[index], np.arange(WEEKS))
            location = flat(built.draws[f"{name}_location"])[index]
            expected = scipy.stats.multivariate_normal.logpdf(
                observed.ravel(), location.ravel(), np.kron(over_time, of_units)
            )
            assert found[name][index] == pytest.approx(expected), name


def test_innovations_of_both_equations_may_be_correlated(build):
    """As joint normal disturbances: each equation's filter of innovations of correlation rho."""
    built = build("partial_mediation", errors="ar1")
    rho = 0.6
    design = replace(built.design, arrays=built.design.arrays.assign(rho=((), rho)))
    found = log_densities(built, design, ["outcome", "mediator"])
    arrays = built.design.arrays
    observed = [arrays[f"{name}_observed"].values[:, 0] for name in ("mediator", "outcome")]
    for index in range(CHAINS * DRAWS):
        filters, residuals = [], []
        for name, prefix, values in zip(
            ("mediator", "outcome"), ("mediator_", ""), observed, strict=True
        ):
            phi = flat(built.draws[f"{prefix}phi"])[index]
            scale = flat(built.draws[f"{prefix}sigma"])[index]
            scale = scale * arrays[f"{name}_scale"].values[0]
            # Each disturbance as a sum of the innovations up to its week.
            lag = np.subtract.outer(np.arange(WEEKS), np.arange(WEEKS))
            weights = np.where(lag >= 0, phi ** np.maximum(lag, 0), 0.0)
            weights[:, 1:] *= np.sqrt(1 - phi**2)
            filters.append(scale * weights)
            residuals.append(values - flat(built.draws[f"{name}_location"])[index][:, 0])
        first, second = filters
        between = rho * first @ second.T
        covariance = np.block([[first @ first.T, between], [between.T, second @ second.T]])
        joint = scipy.stats.multivariate_normal.logpdf(
            np.concatenate(residuals), np.zeros(2 * WEEKS), covariance
        )
        assert found["mediator"][index] + found["outcome"][index] == pytest.approx(joint)


def test_a_hurdle_mediator_has_independent_disturbances(build):
    built = build("partial_mediation", hurdle=True, errors="ar1")
    assert "phi" in built.free
    assert "mediator_phi" not in built.free


def repeated(built, times):
    """The first draw, many times."""
    one = built.draws.isel(chain=[0], draw=[0])
    return one.isel(draw=np.zeros(times, dtype=int)).assign_coords(draw=np.arange(times))


@pytest.mark.parametrize("link", ["identity", "log"])
def test_replicated_tables_have_the_moments_of_the_process(build, link):
    built = build("partial_mediation", link=link, errors="ar1")
    draws = repeated(built, 4000)
    tables = replicate(built.model, draws, built.design, seed=1)
    for name, prefix in (("outcome", ""), ("mediator", "mediator_")):
        log = name == "outcome" and link == "log"
        scale = 1.0 if log else float(built.design.arrays[f"{name}_scale"][0])
        values = tables[name].transpose("chain", "draw", "time", "unit").values[0, ..., 0]
        location = built.draws[f"{name}_location"].values[0, 0, :, 0]
        disturbance = (np.log(values / location) if log else values - location) / scale
        phi, sigma = (float(built.draws[f"{prefix}{key}"][0, 0]) for key in ("phi", "sigma"))
        np.testing.assert_allclose(disturbance.mean(0), 0.0, atol=4 * sigma / np.sqrt(4000))
        np.testing.assert_allclose(disturbance.std(0), sigma, rtol=0.05)
        found = np.corrcoef(disturbance.T)
        np.testing.assert_allclose(found, correlation(phi, np.arange(WEEKS)), atol=0.08)


@pytest.mark.parametrize("link", ["identity", "log"])
def test_forecasts_start_from_the_last_disturbance_and_forget_it(build, link):
    built = build("partial_mediation", link=link, errors="ar1")
    last = WEEKS - 8
    whole = built.design
    train = make_design(whole.dataset, whole.form, slice(0, last))
    draws = repeated(built, 4000)
    model = CompiledModel(built.model, None, 0.0)
    draws = compute_deterministics(model, train, draws[list(built.free)])
    # The outcome of the weeks ahead is not known.
    unknown = whole.dataset.data["outcome"].values.copy()
    unknown[last:] = np.nan
    dataset = builds.with_column(whole.dataset, "outcome", unknown)
    ahead = arrange(dataset, whole.form, train.scaling, slice(last, WEEKS))
    predictions = predict(built.model, draws, ahead, seed=2)["outcome"]
    assert predictions.sizes["time"] == WEEKS - last
    assert (predictions["time"].values == whole.arrays["time"].values[last:]).all()

    static = [name for name, values in draws.items() if "time" not in values.dims]
    through = arrange(whole.dataset, whole.form, train.scaling, slice(last - 1, WEEKS))
    locate = graph_function(built.model, inputs=static, outputs=["outcome_location"])
    data = {name: through.arrays[name].values for name in data_names(through)}
    location = locate(draws[static].isel(draw=[0]), data)["outcome_location"][0, :, 0]
    observed = float(through.arrays["outcome_observed"][0, 0])
    scale = 1.0 if link == "log" else float(through.arrays["outcome_scale"][0])
    phi, sigma = (float(draws[name][0, 0]) for name in ("phi", "sigma"))
    if link == "log":
        location, observed = np.log(location), np.log(observed)
        predictions = np.log(predictions)
    horizon = np.arange(1, WEEKS - last + 1)
    mean = location[1:] + phi**horizon * (observed - location[0])
    sd = sigma * scale * np.sqrt(1 - phi ** (2 * horizon))
    values = predictions.transpose("chain", "draw", "time", "unit").values[0, ..., 0]
    np.testing.assert_allclose(values.mean(0), mean, atol=5 * sigma * scale / np.sqrt(4000))
    np.testing.assert_allclose(values.std(0), sd, rtol=0.06)


def test_residuals_are_the_innovations(build):
    built = build("partial_mediation", errors="ar1")
    observed = built.design.arrays[["outcome_observed"]].rename(outcome_observed="outcome")
    tree = xr.DataTree.from_dict({"posterior": built.draws, "observed_data": observed})
    tree.attrs = {"link": "identity", "likelihood": "normal"}
    location = built.draws["outcome_location"].values[..., 0]
    phi = built.draws["phi"].values[..., None]
    past = observed["outcome"].values[:-1, 0] - location[..., :-1]
    expected = location.copy()
    expected[..., 1:] += phi * past
    found = conditional_location(tree, "outcome").values[..., 0]
    np.testing.assert_allclose(found, expected)
    residual = observed["outcome"].values[:, 0] - expected.mean((0, 1))
    standardised = residual / np.sqrt((residual**2).mean())
    np.testing.assert_allclose(standardised_residuals(tree)["residual"][:, 0], standardised)


def test_a_week_left_out_is_scored_given_the_week_before(build):
    built = build("partial_mediation", errors="ar1")
    likelihood = xr.DataArray(
        np.zeros((1, 1, WEEKS)), dims=("chain", "draw", "time"),
        coords={"time": built.design.arrays["time"]},
    )  # fmt: skip
    compiled = CompiledModel(built.model, None, 0.0)
    refits = Refits(compiled, built.design, Settings(), likelihood, "run", lambda line: None)
    tree = xr.DataTree.from_dict({"posterior": built.draws})
    location = built.draws["outcome_location"].values[..., 0]
    observed = built.design.arrays["outcome_observed"].values[:, 0]
    phi = built.draws["phi"].values
    sigma = built.draws["sigma"].values * built.design.arrays["outcome_scale"].values[0]
    for left_out in (np.int64(7), np.int64(0), np.arange(24, 27)):
        retained, held_out = refits.sel_observations(left_out)
        found = refits.log_likelihood__i(held_out, tree)
        weeks = np.atleast_1d(left_out)
        assert found.sizes["time"] == len(weeks)
        for position, week in enumerate(weeks):
            mean, spread = location[..., week], sigma
            if week > 0:
                mean = mean + phi * (observed[week - 1] - location[..., week - 1])
                spread = sigma * np.sqrt(1 - phi**2)
            expected = scipy.stats.norm.logpdf(observed[week], mean, spread)
            np.testing.assert_allclose(found.values[..., position], expected)
    assert retained.arrays["gap"].values.tolist() == [0.0] + [1.0] * 23 + [4.0, 1.0, 1.0]


def test_what_does_not_reveal_its_disturbance_is_refused(tmp_path):
    data = builds.with_floor(builds.dataset(tmp_path / "a"), 800.0)
    with pytest.raises(InputError, match="a week at the floor does not reveal the disturbance"):
        form_for(data, floor=800.0, errors="ar1")
    data = builds.dataset(tmp_path / "b")
    experiments = Experiments(file="tests.csv", these_weeks="leave_out")
    described = data.description.model_copy(update={"experiments": experiments})
    with pytest.raises(InputError, match="or independent tests"):
        form_for(replace(data, description=described), errors="ar1")


def test_the_description_chooses(tmp_path):
    model = {"max_lag": builds.MAX_LAG, "errors": "ar1"}
    data = builds.dataset(tmp_path, model=model)
    assert form_for(data).errors == "ar1"
    assert form_for(data, errors="iid").errors == "iid"
    assert "gap" in make_design(data).arrays
    assert "gap" not in make_design(data, form_for(data, errors="iid", demand="none")).arrays
