"""Unseen demand, against joint normal distributions with a covariance by formula."""

from dataclasses import replace

import builds
import numpy as np
import pytest
import scipy.stats
from builds import CHAINS, DRAWS, WEEKS, as_tree, flat, log_densities

from mmm_bayes.data import load
from mmm_bayes.data.description import Demand, Prior
from mmm_bayes.data.design import data_names, make_design, select_rows
from mmm_bayes.data.form import form_for
from mmm_bayes.diagnostics.predictive import conditional_location
from mmm_bayes.errors import InputError
from mmm_bayes.inference.predictive import predictive_function
from mmm_bayes.inference.sampling import CompiledModel, compute_deterministics
from mmm_bayes.model.family import load_member
from mmm_bayes.model.terms.priors import model_priors

OBSERVED = ("mediator", "outcome")
PREFIX = {"mediator": "mediator_", "outcome": ""}


def demanded(rho, delay, known, linked):
    """Outcome's innovations as sums of the mediator's and their own, one row a week.

    `known` are the weeks whose mediator reveals its disturbance, `linked` those that follow the
    week before without a gap.
    """
    weeks = len(known)
    of_mediator, own = np.zeros((weeks, weeks)), np.eye(weeks)
    for week in range(weeks):
        if known[week]:
            of_mediator[week, week] = rho * np.sqrt(1 - delay)
        if week and linked[week] and known[week - 1]:
            of_mediator[week, week - 1] = rho * np.sqrt(delay)
        own[week, week] = np.sqrt(1 - (of_mediator[week] ** 2).sum())
    return of_mediator, own


def impulse_response(phi, gaps):
    """Disturbances as sums of the innovations up to their week, with steps since the row before."""
    weights = np.zeros((len(gaps), len(gaps)))
    for week, gap in enumerate(gaps):
        kept = phi**gap if week else 0.0
        if week:
            weights[week] = kept * weights[week - 1]
        weights[week, week] = np.sqrt(1 - kept**2)
    return weights


@pytest.mark.parametrize("errors", ["iid", "ar1"])
@pytest.mark.parametrize("link, likelihood", [("identity", "normal"), ("log", "normal")])
@pytest.mark.parametrize("rows", [range(WEEKS), [0, 1, 2, 5, 6, 9, 20, 29]])
def test_density_is_that_of_correlated_disturbances(build, errors, link, likelihood, rows):
    built = build(
        "partial_mediation", link=link, likelihood=likelihood, errors=errors, demand="unseen"
    )
    rows = np.array(list(rows))
    design = select_rows(built.design, rows)
    found = log_densities(built, design, OBSERVED)
    draws = compute_deterministics(CompiledModel(built.model, None, 0.0), design, built.free)
    gaps = np.diff(rows, prepend=rows[0])
    for index in range(CHAINS * DRAWS):
        rho, delay = flat(draws["rho"])[index], flat(draws["demand_delay"])[index]
        of_mediator, own = demanded(rho, delay, np.ones(len(rows), bool), gaps == 1)
        filters, residuals, jacobian = {}, [], 0.0
        for name in OBSERVED:
            log = name == "outcome" and link == "log"
            value = design.arrays[f"{name}_observed"].values[:, 0]
            location = flat(draws[f"{name}_location"])[index][:, 0]
            scale = 1.0 if log else design.arrays[f"{name}_scale"].values[0]
            scale = scale * flat(draws[f"{PREFIX[name]}sigma"])[index]
            phi = flat(draws[f"{PREFIX[name]}phi"])[index] if errors == "ar1" else 0.0
            filters[name] = scale * impulse_response(phi, gaps)
            residuals.append(np.log(value / location) if log else value - location)
            jacobian += np.log(value).sum() if log else 0.0
        first, second = filters["mediator"], filters["outcome"]
        factor = np.block([[first, np.zeros_like(first)], [second @ of_mediator, second @ own]])
        joint = scipy.stats.multivariate_normal.logpdf(
            np.concatenate(residuals), np.zeros(2 * len(rows)), factor @ factor.T
        )
        assert found["mediator"][index] + found["outcome"][index] == pytest.approx(joint - jacobian)


def test_units_of_a_panel_have_one_correlation(build):
    """That of whole disturbances: demand in all units is part of the shocks that they share."""
    built = build("panel", units=2, demand="unseen")
    found = log_densities(built, built.design, ["outcome"])
    arrays = built.design.arrays
    known, linked = np.ones(WEEKS, bool), np.arange(WEEKS) > 0
    for index in range(CHAINS * DRAWS):
        sizes, own, common = {}, {}, {}
        for name in OBSERVED:
            scale = arrays[f"{name}_scale"].values
            own[name] = flat(built.draws[f"{PREFIX[name]}sigma"])[index] * scale
            common[name] = flat(built.draws[f"{PREFIX[name]}shared_sigma"])[index] * scale
            sizes[name] = np.hypot(own[name], common[name])
        rho, delay = flat(built.draws["rho"])[index], flat(built.draws["demand_delay"])[index]
        of_mediator, kept = demanded(rho, delay, known, linked)
        location = {name: flat(built.draws[f"{name}_location"])[index] for name in OBSERVED}
        z = (arrays["mediator_observed"].values - location["mediator"]) / sizes["mediator"]
        mean = location["outcome"] + of_mediator @ z * sizes["outcome"]
        covariance = np.diag(own["outcome"] ** 2) + np.outer(common["outcome"], common["outcome"])
        expected = sum(
            scipy.stats.multivariate_normal.logpdf(
                arrays["outcome_observed"].values[week], mean[week],
                covariance * kept[week, week] ** 2,
            )
            for week in range(WEEKS)
        )  # fmt: skip
        assert found["outcome"][index] == pytest.approx(expected)


def test_a_hurdle_mediator_reveals_its_disturbance_when_it_is_on(build):
    built = build("partial_mediation", hurdle=True, demand="unseen")
    found = log_densities(built, built.design, ["outcome"])
    arrays = built.design.arrays
    spend = arrays["mediator_observed"].values[:, 0]
    assert 0 < (spend > 0).sum() < WEEKS
    scale = arrays["outcome_scale"].values[0]
    for index in range(CHAINS * DRAWS):
        level = flat(built.draws["mediator_level"])[index][:, 0]
        with np.errstate(divide="ignore"):
            z = np.log(spend / level) / flat(built.draws["mediator_sigma"])[index]
        z = np.where(spend > 0, z, 0.0)
        of_mediator, kept = demanded(
            flat(built.draws["rho"])[index], flat(built.draws["demand_delay"])[index],
            spend > 0, np.arange(WEEKS) > 0,
        )  # fmt: skip
        sigma = flat(built.draws["sigma"])[index] * scale
        location = flat(built.draws["outcome_location"])[index][:, 0]
        expected = scipy.stats.norm.logpdf(
            arrays["outcome_observed"].values[:, 0],
            location + sigma * (of_mediator @ z), sigma * np.diag(kept),
        ).sum()  # fmt: skip
        assert found["outcome"][index] == pytest.approx(expected)


@pytest.mark.parametrize("options", [{}, {"hurdle": True}, {"link": "log"}, {"errors": "ar1"}])
def test_residuals_and_predictions_know_the_mediator(build, options):
    """The location that residuals are taken from is the centre of the predictive draws."""
    built = build("partial_mediation", demand="unseen", **options)
    one = built.draws.isel(chain=[0], draw=[0])
    many = one.isel(draw=np.zeros(4000, dtype=int)).assign_coords(draw=np.arange(4000))
    data = {name: built.design.arrays[name].values for name in data_names(built.design)}
    tables = predictive_function(built.model, seed=1).to_dataset(many, data)["outcome"]
    location = conditional_location(as_tree(built, one), "outcome").values[0, 0, :, 0]
    values = tables.transpose("chain", "draw", "time", "unit").values[0, ..., 0]
    if built.design.form.link == "log":
        values, location = np.log(values), np.log(location)
    sd = values.std(0)
    np.testing.assert_allclose(values.mean(0), location, atol=float(5 * sd.max() / np.sqrt(4000)))
    assert not np.allclose(location, one["outcome_location"].values[0, 0, :, 0])


def test_without_demand_nothing_is_declared(build):
    built = build("partial_mediation", demand="none")
    assert "rho" not in built.free
    assert "rho" in data_names(built.design)
    built = build("no_mediation", demand="unseen")
    assert "rho" not in built.free


def test_the_description_states_the_strength(tmp_path):
    described = builds.description(demand={"strength": {"q05": 0.1, "q95": 0.6}})
    data = load(builds.write(tmp_path, builds.table(), described))
    design = make_design(data)
    assert design.form.demand == "unseen"
    model = load_member("partial_mediation").build(design)
    dist, parameters = model_priors(design, model)["rho"]
    assert dist == "Beta"
    quantiles = scipy.stats.beta.ppf([0.05, 0.95], parameters["alpha"], parameters["beta"])
    np.testing.assert_allclose(quantiles, [0.1, 0.6], rtol=1e-4)


def test_no_demand_may_be_assumed(tmp_path):
    data = builds.dataset(tmp_path, demand={"assume": "none"})
    assert form_for(data).demand == "none"
    assert form_for(data, demand="unseen").demand == "unseen"
    assert form_for(builds.dataset(tmp_path / "plain")).demand == "unseen"


@pytest.mark.parametrize(
    "changes, sentence",
    [
        (
            {"demand": {"assume": "none", "strength": {"q05": 0.1, "q95": 0.6}}},
            "remove one of them",
        ),
        (
            {"mediators": {}, "demand": {"strength": {"q05": 0.1, "q95": 0.6}}},
            "nothing under \\[mediators\\] is moved by it",
        ),
        ({"priors": {"rho": {"q05": 0.1, "q95": 0.6}}}, "state it as strength under"),
    ],
)
def test_contradictions_are_refused(tmp_path, changes, sentence):
    with pytest.raises(InputError, match=sentence):
        builds.dataset(tmp_path, **changes)


@pytest.mark.parametrize(
    "strength",
    [{"q05": -0.1, "q95": 0.5}, {"q05": 0.2, "q95": 1.0}, {"dist": "Normal", "sigma": 1}],
)
def test_a_strength_is_a_share(tmp_path, strength):
    data = builds.dataset(tmp_path)
    demand = Demand(
        strength=Prior(
            **{key: value if key == "dist" else float(value) for key, value in strength.items()}
        )
    )
    described = data.description.model_copy(update={"demand": demand})
    design = make_design(replace(data, description=described))
    with pytest.raises(InputError, match=r"\[demand\] strength"):
        load_member("partial_mediation").build(design)
