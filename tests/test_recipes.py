"""The recipes of docs/architecture.md, followed to the letter."""

import re
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr
from builds import build_on, draws_of

from mmm_bayes.counterfactual import world
from mmm_bayes.estimands import channel_effects
from mmm_bayes.family import member
from mmm_bayes.sampling import Compiled, follow

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
    path = folder / "one_memory.py"
    path.write_text(recipe("a model"), "utf-8")
    return build_on(folder / "table", str(path))


def test_the_model_names_what_the_page_says(built):
    section = PAGE.split("## To add a model\n")[1].split("```")[0]
    promised = set(re.findall(r"`(\w+)`", section.split("names the nodes")[1].split(";")[0]))
    promised -= {"mediator_mean", "channel", "cause", "time", "unit"}  # not mediated; and the dims
    assert len(promised) == 6
    assert promised <= set(built.model.named_vars)
    assert "shared_alpha" in [variable.name for variable in built.model.free_RVs]
    assert np.isfinite(built.model.compile_logp(mode="FAST_COMPILE")(built.model.initial_point()))


def test_the_model_is_direct_with_one_retention(built):
    """The member `direct`, given the same number for every channel, says the same."""
    design = built.design
    model = member("direct").build(design)
    one = built.free["shared_alpha"]
    channels = list(design.dataset.channels)
    same = built.free.drop_vars("shared_alpha").assign(
        adstock_alpha=one.expand_dims(channel=channels).transpose("chain", "draw", "channel")
    )
    same = same[[variable.name for variable in model.free_RVs]]
    expected = follow(Compiled(model, None, 0.0), design, same)
    np.testing.assert_allclose(built.draws["outcome_mean"], expected["outcome_mean"])

    found = channel_effects(world(built.model, design, built.draws, seed=1)).draws
    theirs = channel_effects(world(model, design, expected, seed=1)).draws
    np.testing.assert_allclose(found["total"], theirs["total"])
    assert (abs(found["total"]) > 0).any()


def test_another_prior_of_the_retention_is_another_model(built):
    """The test above can fail: draws whose retentions differ give other means."""
    model = member("direct").build(built.design)
    other = follow(Compiled(model, None, 0.0), built.design, draws_of(model, seed=5))
    assert not np.allclose(other["outcome_mean"], built.draws["outcome_mean"])


def test_the_transform_is_a_loop_as_array_and_as_graph():
    names: dict = {}
    exec(recipe("a transform"), names)
    exponential = names["exponential"]
    x = np.array([[0.0, 0.5], [1e-9, 2.0], [0.3, 40.0]])
    kappa = np.array([0.3, 2.0])
    loop = [[1 - 2 ** (-x[t, c] / kappa[c]) for c in range(2)] for t in range(3)]
    np.testing.assert_allclose(exponential(x, kappa), loop, rtol=1e-6)
    assert exponential(x, kappa)[0, 0] == 0
    assert exponential(kappa, kappa) == pytest.approx(0.5)

    graph = pt.matrix("x")
    made = exponential(graph, pt.as_tensor(kappa))
    slope = pytensor.grad(made.sum(), graph)
    value, gradient = pytensor.function([graph], [made, slope], mode="FAST_COMPILE")(x)
    np.testing.assert_allclose(value, loop, rtol=1e-6)
    step = (exponential(x + 1e-7, kappa) - exponential(x, kappa)) / 1e-7
    np.testing.assert_allclose(gradient, step, rtol=1e-4, atol=1e-6)


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
    assert ("can be trusted" in check.says) == (status == "fail")
