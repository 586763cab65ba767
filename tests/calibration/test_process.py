"""The equations of a calibration's tables against the models': written apart, they must agree."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from builds import OWNED, dataset

from mmm_bayes.calibration.process import MEMBERS, Table, tables
from mmm_bayes.calibration.quantities import quantities
from mmm_bayes.design import design, form_for
from mmm_bayes.family import member
from mmm_bayes.sampling import Compiled, follow


def made(
    folder: Path, name: str, number: int, *, link: str = "identity", hurdle: bool = False,
    likelihood: str = "normal", units: int = 1, owned: bool = False, **changes: Any,
) -> tuple[Compiled, list[Table]]:  # fmt: skip
    changes = (OWNED if owned else {}) | changes
    data = dataset(folder, units=units, hurdle=hurdle, **changes)
    arranged = design(data, form_for(data, link=link, likelihood=likelihood))  # type: ignore[arg-type]
    model = member(name).build(arranged)
    return Compiled(model, None, 0.0), list(tables(name, arranged, number, seed=3))


def as_draws(compiled: Compiled, table: Table, name: str) -> xr.Dataset:
    """The parameters that made a table, as one draw."""
    from mmm_bayes.calibration.process import parameters

    drawn = {key: values[0] for key, values in parameters(name, table.design, 1, 3).items()}
    if name == "full_mediation":
        channels = table.design.dataset.channels
        own = [at for at, channel in enumerate(channels) if channel not in table.design.causes]
        drawn["beta_direct"] = drawn.pop("beta")[own]
    dims = compiled.model.named_vars_to_dims
    coords = {"chain": [0], "draw": [0]} | {
        str(dim): np.asarray(labels) for dim, labels in compiled.model.coords.items()
    }
    draws = xr.Dataset(
        {
            rv.name: (("chain", "draw", *dims.get(rv.name, ())), drawn[rv.name][None, None])
            for rv in compiled.model.free_RVs
        }
    )
    return draws.assign_coords({dim: coords[str(dim)] for dim in draws.dims})


@pytest.mark.parametrize("link", ["identity", "log"])
@pytest.mark.parametrize("name", MEMBERS)
def test_its_effects_are_those_of_the_model_at_the_same_parameters(
    tmp_path: Path, name: str, link: str
) -> None:
    compiled, (table,) = made(tmp_path, name, 1, link=link, units=1 + (name == "panel"))
    found = quantities(compiled, table.design, as_draws(compiled, table, name))
    assert {"total[search]", "indirect[video]", "roas[tv]", "saturation_kappa[social]"} <= (
        table.truth.keys()
    )
    for quantity, truth in table.truth.items():
        assert found[quantity][0] == pytest.approx(truth, rel=1e-6, abs=1e-6), quantity


@pytest.mark.parametrize("name", ["direct", "time_varying"])
def test_without_a_mediator_and_with_a_trend_that_bends(tmp_path: Path, name: str) -> None:
    changes = {"mediation": None, "calendar": {"fourier": 1, "trend": "changepoints"}}
    compiled, (table,) = made(tmp_path, name, 1, **changes)
    assert {rv.name for rv in compiled.model.observed_RVs} == {"outcome"}
    assert "trend_change" in compiled.model.named_vars
    # Little noise is left beside the location that the model names, if both mean the same.
    draws = follow(compiled, table.design, as_draws(compiled, table, name))
    noise = table.design.arrays["outcome_observed"] - draws["outcome_mean"][0, 0]
    scale = float(draws["sigma"].item()) * table.design.scaling.outcome[0]
    assert 0.6 < float(noise.std()) / scale < 1.5
    found = quantities(compiled, table.design, as_draws(compiled, table, name))
    for quantity, truth in table.truth.items():
        assert found[quantity][0] == pytest.approx(truth, rel=1e-6, abs=1e-6), quantity


def test_a_mediators_trend_bends_by_itself(tmp_path: Path) -> None:
    calendar = {"fourier": 1, "trend": "changepoints"}
    compiled, (table,) = made(tmp_path, "time_varying", 1, calendar=calendar)
    draws = follow(compiled, table.design, as_draws(compiled, table, "time_varying"))
    for name in ("outcome", "mediator"):
        noise = table.design.arrays[f"{name}_observed"] - draws[f"{name}_mean"][0, 0]
        sigma = draws["sigma" if name == "outcome" else "mediator_sigma"]
        scale = float(sigma.item()) * getattr(table.design.scaling, name)[0]
        assert 0.6 < float(noise.std()) / scale < 1.5


def test_a_hurdle_mediator_differs_only_by_the_chance_of_its_silent_weeks(tmp_path: Path) -> None:
    compiled, (table,) = made(tmp_path, "partial_mediation", 1, hurdle=True)
    found = quantities(compiled, table.design, as_draws(compiled, table, "partial_mediation"))
    for quantity in ("total[search]", "total[tv]", "direct[search]"):
        assert found[quantity][0] == pytest.approx(table.truth[quantity], rel=1e-6)
    off = float((table.design.arrays["mediator_observed"] == 0).mean())
    assert 0 < off < 1


def test_a_pooled_panel_has_an_effect_in_each_unit(tmp_path: Path) -> None:
    _, (table,) = made(tmp_path, "panel", 1, units=2)
    parts = [table.truth[f"unit_total[{unit}, tv]"] for unit in ("r0", "r1")]
    assert sum(parts) == pytest.approx(table.truth["total[tv]"])
    assert {"beta_spread[tv]", "shared_sigma", "mediator_shared_sigma"} <= table.truth.keys()
    assert not any("offset" in name for name in table.truth)


def test_the_first_tables_do_not_depend_on_how_many_are_asked_for(tmp_path: Path) -> None:
    _, few = made(tmp_path / "a", "partial_mediation", 2)
    _, many = made(tmp_path / "b", "partial_mediation", 4)
    for one, other in zip(few, many, strict=False):
        assert one.truth == other.truth
        np.testing.assert_array_equal(
            one.design.arrays["outcome_observed"], other.design.arrays["outcome_observed"]
        )


@pytest.mark.parametrize("likelihood", ["normal", "student_t", "lognormal"])
def test_disturbances_have_the_stated_spread(tmp_path: Path, likelihood: str) -> None:
    compiled, made_ = made(tmp_path, "direct", 40, link="log", likelihood=likelihood)
    scores = []
    for table in made_:
        y = table.design.arrays["outcome_observed"].values
        assert (y > 0).all()
        scores.append(np.log(y).std() / table.truth["sigma"])
    assert min(scores) > 0.5  # what the disturbance alone would give is 1; media add to it
    assert {rv.name for rv in compiled.model.observed_RVs} == {"outcome"}


def test_a_panel_has_a_name_for_each_unit(tmp_path: Path) -> None:
    compiled, (table,) = made(tmp_path, "partial_mediation", 1, units=2)
    found = quantities(compiled, table.design, as_draws(compiled, table, "partial_mediation"))
    assert {"intercept[r0]", "intercept[r1]"} <= table.truth.keys()
    for quantity, truth in table.truth.items():
        assert found[quantity][0] == pytest.approx(truth, rel=1e-6, abs=1e-6), quantity


@pytest.mark.parametrize("link", ["identity", "log"])
@pytest.mark.parametrize("name", ["direct", "full_mediation", "partial_mediation"])
def test_interactions_and_owned_channels_are_in_it(tmp_path: Path, name: str, link: str) -> None:
    compiled, (table,) = made(tmp_path, name, 1, link=link, owned=True, units=2)
    found = quantities(compiled, table.design, as_draws(compiled, table, name))
    assert {
        "total[tv]",
        "interaction[promotion_at_price, promotion]",
        "interaction[promotion_at_price, price]",
        "interaction[tv_at_promotion, tv]",
        "modulation_effect[tv_at_promotion]",
        "modulation_effect[social_by_season: season_cos_1]",
    } <= table.truth.keys()
    assert "roas[tv]" not in table.truth.keys() | found.keys()
    for quantity, truth in table.truth.items():
        assert found[quantity][0] == pytest.approx(truth, rel=1e-6, abs=1e-6), quantity
