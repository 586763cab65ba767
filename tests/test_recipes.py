"""The recipes of docs/architecture.md, followed to the letter."""

import re
from pathlib import Path

import numpy as np
import pages
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr
from builds import CHANNELS, build_on, random_draws
from oracle import shares

from mmm_bayes.dashboard.answers import spend_effect
from mmm_bayes.dashboard.runs import open_run
from mmm_bayes.decisions.response import build_response
from mmm_bayes.estimands import channel_effects
from mmm_bayes.estimands.curves import added_outcome
from mmm_bayes.inference.predictive import predict
from mmm_bayes.inference.sampling import CompiledModel, compute_deterministics
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.family import load_member
from mmm_bayes.model.transforms import load_transform

PAGE = (Path(__file__).resolve().parent.parent / "docs/architecture.md").read_text("utf-8")


def recipe(heading: str) -> str:
    """The one block of Python below a heading."""
    section = PAGE.split(f"## To add {heading}\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return block


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The recipe's model on a small table, with draws."""
    folder = tmp_path_factory.mktemp("recipe")
    path = folder / "one_carryover.py"
    path.write_text(recipe("a model"), "utf-8")
    return build_on(folder / "table", str(path))


def test_the_model_names_what_the_page_says(built):
    section = PAGE.split("## To add a model\n")[1].split("```")[0]
    promised = set(re.findall(r"`(\w+)`", section.split("names the nodes")[1].split(";")[0]))
    # Not mediated; and the dims.
    promised -= {"mediator_location", "channel", "cause", "time", "unit"}
    assert len(promised) == 6
    assert promised <= set(built.model.named_vars)
    assert "shared_alpha" in [variable.name for variable in built.model.free_RVs]
    assert np.isfinite(built.model.compile_logp(mode="FAST_COMPILE")(built.model.initial_point()))


def test_the_model_is_no_mediation_with_one_retention(built):
    """The member `no_mediation`, given the same number for every channel, says the same."""
    design = built.design
    model = load_member("no_mediation").build(design)
    one = built.free["shared_alpha"]
    channels = list(design.dataset.channels)
    same = built.free.drop_vars("shared_alpha").assign(
        adstock_alpha=one.expand_dims(channel=channels).transpose("chain", "draw", "channel")
    )
    same = same[[variable.name for variable in model.free_RVs]]
    expected = compute_deterministics(CompiledModel(model, None, 0.0), design, same)
    np.testing.assert_allclose(built.draws["outcome_location"], expected["outcome_location"])

    found = channel_effects(abduct(built.model, design, built.draws, seed=1)).draws
    theirs = channel_effects(abduct(model, design, expected, seed=1)).draws
    np.testing.assert_allclose(found["total"], theirs["total"])
    assert (abs(found["total"]) > 0).any()


def test_another_prior_of_the_retention_is_another_model(built):
    """The test above can fail: draws whose retentions differ give other means."""
    model = load_member("no_mediation").build(built.design)
    other = compute_deterministics(
        CompiledModel(model, None, 0.0), built.design, random_draws(model, seed=5)
    )
    assert not np.allclose(other["outcome_location"], built.draws["outcome_location"])


@pytest.fixture(scope="module")
def arctangent(tmp_path_factory):
    """The recipe's curve, saved into a folder of the forms of saturation."""
    from mmm_bayes.model.transforms import saturation

    folder = tmp_path_factory.mktemp("saturation")
    (folder / "arctangent.py").write_text(recipe("a saturation curve"), "utf-8")
    saturation.__path__.append(str(folder))
    yield load_transform("saturation", "arctangent").function
    saturation.__path__.remove(str(folder))


def test_the_curve_is_a_loop_as_array_and_as_graph(arctangent):
    x = np.array([[0.0, 0.5], [1e-9, 2.0], [0.3, 40.0]])
    kappa = np.array([0.3, 2.0])
    loop = [[2 / np.pi * np.arctan(x[t, c] / kappa[c]) for c in range(2)] for t in range(3)]
    np.testing.assert_allclose(arctangent(x, kappa), loop, rtol=1e-6)
    assert arctangent(x, kappa)[0, 0] == 0
    assert arctangent(kappa, kappa) == pytest.approx(0.5)

    graph = pt.matrix("x")
    response = arctangent(graph, pt.as_tensor(kappa))
    slope = pytensor.grad(response.sum(), graph)
    value, gradient = pytensor.function([graph], [response, slope], mode="FAST_COMPILE")(x)
    np.testing.assert_allclose(value, loop, rtol=1e-6)
    step = (arctangent(x + 1e-7, kappa) - arctangent(x, kappa)) / 1e-7
    np.testing.assert_allclose(gradient, step, rtol=1e-4, atol=1e-6)


def test_the_curve_is_in_effects_curves_plans_and_forecasts(arctangent, tmp_path):
    """By one file: nothing else names it."""
    built = build_on(tmp_path / "table", "no_mediation", saturation="arctangent")
    fitted = abduct(built.model, built.design, built.draws)
    assert "saturation_slope" not in built.model.named_vars
    draw = built.samples[0]
    tv = CHANNELS.index("tv")
    lags = built.design.arrays["exposure_lags"].values[:, 0, tv]
    weights = draw["adstock_alpha"][tv] ** np.arange(lags.shape[-1])
    stock = lags @ weights / weights.sum()
    response = np.array(
        [2 / np.pi * np.arctan(value / draw["saturation_kappa"][tv]) for value in stock]
    )
    scale = built.design.scaling.outcome[0] * shares(built, draw)[tv] / response.mean()

    effects = channel_effects(fitted).draws["total"].sel(channel="tv").values[0, 0, 0]
    assert effects == pytest.approx(scale * response.sum(), rel=1e-6)

    amount = built.design.dataset.data["spend"].sel(channel="tv").values.max()
    level = amount / built.design.scaling.exposure[0, tv]
    constant = scale * (2 / np.pi * np.arctan(level / draw["saturation_kappa"][tv]))
    added = added_outcome(fitted, "tv", np.array([amount])).total[0, 0]
    assert added == pytest.approx(constant, rel=1e-6)

    plan = build_response(fitted)
    spends = plan.status_quo.spend.copy()
    spends[0, tv] = 0.0
    # All weeks without the channel, but for what is carried over from before them.
    lost = plan.value(plan.status_quo.spend)[0][0] - plan.value(spends)[0][0]
    inherited = built.design.observed_path[:, 0, tv].copy()
    inherited[lags.shape[-1] - 1 :] = 0.0
    stock = np.lib.stride_tricks.sliding_window_view(inherited, lags.shape[-1])[:, ::-1]
    stock = stock @ weights / weights.sum()
    kept = np.array(
        [2 / np.pi * np.arctan(value / draw["saturation_kappa"][tv]) for value in stock]
    )
    assert lost == pytest.approx(scale * (response.sum() - kept.sum()), rel=1e-6)

    ahead = predict(built.model, built.draws, built.design, seed=1)
    assert np.isfinite(ahead["outcome"]).all()


def test_the_curve_is_on_the_dashboard(arctangent, tmp_path, monkeypatch):
    page = pages.save(tmp_path / "weekly", "no_mediation", saturation="arctangent")
    run = open_run(page.folder)
    assert run.limitation == ""
    assert spend_effect(run.fitted, "tv", 50.0).total.mean > 0


@pytest.mark.parametrize("shift, status", [(0.0, "pass"), (2.0, "fail")])
def test_the_check_passes_and_fails(shift, status):
    names: dict = {}
    exec(recipe("a check"), names)
    rng = np.random.default_rng(1)
    tree = xr.DataTree.from_dict(
        {
            "observed_data": xr.Dataset({"outcome": (("time", "unit"), rng.normal(size=(60, 1)))}),
            "posterior_predictive": xr.Dataset(
                {
                    "outcome": (
                        ("chain", "draw", "time", "unit"),
                        shift + rng.normal(size=(2, 50, 60, 1)),
                    )
                }
            ),
        }
    )
    (check,) = names["level_checks"](tree)
    assert check.status == status
    assert check.group == "outcome_ppc"
    assert ("trust no total" in check.message) == (status == "fail")
