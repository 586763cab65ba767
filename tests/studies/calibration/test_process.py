"""The equations of a calibration's tables against those of the models: they must agree."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builds import OWNED, dataset
from lifts import table_with_tests

from mmm_bayes.data.design import make_design
from mmm_bayes.data.form import form_for
from mmm_bayes.inference.sampling import CompiledModel, compute_deterministics
from mmm_bayes.model.family import load_member
from mmm_bayes.model.terms.lift_tests import add_lift_tests
from mmm_bayes.studies.calibration.process import MEMBERS, SimulatedTable, simulate_tables
from mmm_bayes.studies.calibration.quantities import as_draws, posterior_quantities


def simulated(
    folder: Path, name: str, number: int, *, link: str = "identity", hurdle: bool = False,
    likelihood: str = "normal", units: int = 1, owned: bool = False, **changes: Any,
) -> tuple[CompiledModel, list[SimulatedTable]]:  # fmt: skip
    changes = (OWNED if owned else {}) | changes
    data = dataset(folder, units=units, hurdle=hurdle, **changes)
    arranged = make_design(data, form_for(data, link=link, likelihood=likelihood))  # type: ignore[arg-type]
    model = load_member(name).build(arranged)
    return CompiledModel(model, None, 0.0), list(simulate_tables(name, arranged, number, seed=3))


@pytest.mark.parametrize("link", ["identity", "log"])
@pytest.mark.parametrize("name", MEMBERS)
def test_true_effects_are_those_of_the_model_at_the_same_parameters(
    tmp_path: Path, name: str, link: str
) -> None:
    compiled, (table,) = simulated(tmp_path, name, 1, link=link, units=1 + (name == "panel"))
    quantities = posterior_quantities(compiled, table.design, as_draws(compiled, table.parameters))
    assert {
        "total[search]",
        "indirect[video]",
        "roas[tv]",
        "mroas[search]",
        "saturation_kappa[social]",
        "control_effect[price]",
        "joint",
        "gain",
    } <= (table.truth.keys())
    for quantity, truth in table.truth.items():
        assert quantities[quantity][0] == pytest.approx(truth, rel=1e-6, abs=1e-6), quantity


@pytest.mark.parametrize("name", ["no_mediation", "partial_mediation"])
@pytest.mark.parametrize("link", ["identity", "log"])
def test_lifts_have_their_error(tmp_path: Path, name: str, link: str) -> None:
    data = table_with_tests(tmp_path)
    arranged = make_design(data, form_for(data, link=link))  # type: ignore[arg-type]
    model = load_member(name).build(arranged)
    add_lift_tests(arranged, model)
    compiled, scores = CompiledModel(model, None, 0.0), []
    for table in simulate_tables(name, arranged, 20, seed=3):
        draws = as_draws(compiled, table.parameters)
        mean = compute_deterministics(compiled, table.design, draws)["lift_mean"].values[0, 0]
        lifts, errors = (table.design.arrays[f"lift_{key}"].values for key in ("observed", "error"))
        scores.append((lifts - mean) / errors)
    assert np.std(scores) == pytest.approx(1.0, abs=0.2)
    assert np.mean(scores) == pytest.approx(0.0, abs=0.25)


@pytest.mark.parametrize("link", ["identity", "log"])
@pytest.mark.parametrize("name", ["no_mediation", "partial_mediation"])
def test_without_error_the_lifts_are_the_models(tmp_path: Path, name: str, link: str) -> None:
    data = table_with_tests(tmp_path)
    exact = data.experiments.assign(standard_error=1e-9 * data.experiments["standard_error"])
    data = replace(data, experiments=exact)
    arranged = make_design(data, form_for(data, link=link))  # type: ignore[arg-type]
    model = load_member(name).build(arranged)
    add_lift_tests(arranged, model)
    compiled = CompiledModel(model, None, 0.0)
    for table in simulate_tables(name, arranged, 5, seed=3):
        draws = as_draws(compiled, table.parameters)
        mean = compute_deterministics(compiled, table.design, draws)["lift_mean"].values[0, 0]
        lifts = table.design.arrays["lift_observed"].values
        np.testing.assert_allclose(lifts, mean, rtol=1e-6, atol=1e-6)
        assert np.abs(lifts).max() > 1.0


@pytest.mark.parametrize("name", ["no_mediation", "time_varying"])
def test_without_a_mediator_and_with_changepoints(tmp_path: Path, name: str) -> None:
    changes = {"mediators": None, "calendar": {"fourier": 1, "trend": "changepoints"}}
    compiled, (table,) = simulated(tmp_path, name, 1, **changes)
    assert {rv.name for rv in compiled.model.observed_RVs} == {"outcome"}
    assert "trend_change" in compiled.model.named_vars
    # Little noise is left beside the location that the model names, if both mean the same.
    draws = compute_deterministics(compiled, table.design, as_draws(compiled, table.parameters))
    noise = table.design.arrays["outcome_observed"] - draws["outcome_location"][0, 0]
    scale = float(draws["sigma"].item()) * table.design.scaling.outcome[0]
    assert 0.6 < float(noise.std()) / scale < 1.5
    quantities = posterior_quantities(compiled, table.design, as_draws(compiled, table.parameters))
    for quantity, truth in table.truth.items():
        assert quantities[quantity][0] == pytest.approx(truth, rel=1e-6, abs=1e-6), quantity


def test_a_mediator_has_its_own_changepoints(tmp_path: Path) -> None:
    calendar = {"fourier": 1, "trend": "changepoints"}
    compiled, (table,) = simulated(tmp_path, "time_varying", 1, calendar=calendar)
    draws = compute_deterministics(compiled, table.design, as_draws(compiled, table.parameters))
    for name in ("outcome", "mediator"):
        noise = table.design.arrays[f"{name}_observed"] - draws[f"{name}_location"][0, 0]
        sigma = draws["sigma" if name == "outcome" else "mediator_sigma"]
        scale = float(sigma.item()) * getattr(table.design.scaling, name)[0]
        assert 0.6 < float(noise.std()) / scale < 1.5


def test_a_hurdle_mediator_differs_only_by_the_chance_of_its_silent_weeks(tmp_path: Path) -> None:
    compiled, (table,) = simulated(tmp_path, "partial_mediation", 1, hurdle=True)
    quantities = posterior_quantities(compiled, table.design, as_draws(compiled, table.parameters))
    for quantity in ("total[search]", "total[tv]", "direct[search]"):
        assert quantities[quantity][0] == pytest.approx(table.truth[quantity], rel=1e-6)
    off = float((table.design.arrays["mediator_observed"] == 0).mean())
    assert 0 < off < 1


def test_a_pooled_panel_has_an_effect_in_each_unit(tmp_path: Path) -> None:
    _, (table,) = simulated(tmp_path, "panel", 1, units=2)
    parts = [table.truth[f"unit_total[{unit}, tv]"] for unit in ("r0", "r1")]
    assert sum(parts) == pytest.approx(table.truth["total[tv]"])
    assert {"beta_spread[tv]", "shared_sigma", "mediator_shared_sigma"} <= table.truth.keys()
    assert not any("offset" in name for name in table.truth)


def test_the_first_tables_do_not_depend_on_their_number(tmp_path: Path) -> None:
    _, few = simulated(tmp_path / "a", "partial_mediation", 2)
    _, many = simulated(tmp_path / "b", "partial_mediation", 4)
    for first, second in zip(few, many, strict=False):
        assert first.truth == second.truth
        np.testing.assert_array_equal(
            first.design.arrays["outcome_observed"], second.design.arrays["outcome_observed"]
        )


@pytest.mark.parametrize("likelihood", ["normal", "student_t", "lognormal"])
def test_disturbances_have_the_stated_spread(tmp_path: Path, likelihood: str) -> None:
    compiled, tables = simulated(tmp_path, "no_mediation", 40, link="log", likelihood=likelihood)
    scores = []
    for table in tables:
        y = table.design.arrays["outcome_observed"].values
        assert (y > 0).all()
        scores.append(np.log(y).std() / table.truth["sigma"])
    assert min(scores) > 0.5  # what the disturbance alone would give is 1; media add to it
    assert {rv.name for rv in compiled.model.observed_RVs} == {"outcome"}


def test_a_panel_has_a_name_for_each_unit(tmp_path: Path) -> None:
    compiled, (table,) = simulated(tmp_path, "partial_mediation", 1, units=2)
    quantities = posterior_quantities(compiled, table.design, as_draws(compiled, table.parameters))
    assert {"intercept[r0]", "intercept[r1]"} <= table.truth.keys()
    for quantity, truth in table.truth.items():
        assert quantities[quantity][0] == pytest.approx(truth, rel=1e-6, abs=1e-6), quantity


@pytest.mark.parametrize("link", ["identity", "log"])
@pytest.mark.parametrize("name", ["no_mediation", "full_mediation", "partial_mediation"])
def test_interactions_and_owned_channels_are_included(tmp_path: Path, name: str, link: str) -> None:
    compiled, (table,) = simulated(tmp_path, name, 1, link=link, owned=True, units=2)
    quantities = posterior_quantities(compiled, table.design, as_draws(compiled, table.parameters))
    assert {
        "total[tv]",
        "interaction[promotion_at_price, promotion]",
        "interaction[promotion_at_price, price]",
        "interaction[tv_at_promotion, tv]",
        "modulation_effect[tv_at_promotion]",
        "modulation_effect[social_by_season: season_cos_1]",
    } <= table.truth.keys()
    assert "roas[tv]" not in table.truth.keys() | quantities.keys()
    for quantity, truth in table.truth.items():
        assert quantities[quantity][0] == pytest.approx(truth, rel=1e-6, abs=1e-6), quantity
