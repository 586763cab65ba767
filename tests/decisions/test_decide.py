"""What a decision writes, from a small model with draws by hand."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm_bayes.counterfactual import world
from mmm_bayes.decisions import decide, job, optimize, plan_table
from mmm_bayes.decisions.planning import Fitted
from mmm_bayes.errors import InputError
from mmm_bayes.estimands import channel_effects
from mmm_bayes.runs import Run


@pytest.fixture(scope="module")
def ready(build):
    def made(name, **kind):
        built = build(name, **kind)
        seen = world(built.model, built.design, built.draws)
        draws = channel_effects(seen).draws
        effects = xr.DataTree.from_dict({"draws": draws, "prior": draws})
        run = Run(None, None, effects, None, {}, {"model": name}, "")
        return Fitted(run, built.model, seen)

    return made


@pytest.mark.parametrize(
    "name, kind, wanted",
    [
        ("partial_mediation", {}, {"mediator": "caused", "objective": "cvar", "level": 0.5}),
        ("partial_mediation", {"units": 2}, {"lower": {"search": 0.9}}),
        ("direct", {"owned": True}, {"objective": "quantile"}),
        ("direct", {}, {"target_roas": 0.5}),
    ],
)
def test_everything_is_written_and_agrees(ready, name, kind, wanted, tmp_path, monkeypatch):
    fitted = ready(name, **kind)
    monkeypatch.setattr(job, "fitted", lambda folder, model: fitted)
    plan = decide(tmp_path, tmp_path / "out", say=lambda _: None, horizon=6, **wanted)
    table = pd.read_csv(tmp_path / "out" / "plan.csv", dtype={"unit": str})
    told = json.loads((tmp_path / "out" / "plan.json").read_text("utf-8"))
    data = fitted.world.design.dataset

    assert list(table) == ["unit", "channel", "spend_now", "spend_plan"]
    assert set(table["channel"]) == set(data.paid)
    mean = data.data["spend"].mean("time")
    for row in table.itertuples():
        now = float(mean.sel(unit=row.unit, channel=row.channel))
        assert row.spend_now == pytest.approx(now)
        follows = wanted.get("mediator") == "caused" and row.channel == "search"
        assert follows or 0.5 - 1e-6 <= row.spend_plan / now <= 1.5 + 1e-6
    assert told["budget"] == pytest.approx(table["spend_plan"].sum(), rel=1e-4)
    if "target_roas" not in wanted:
        assert told["budget"] == pytest.approx(table["spend_now"].sum(), rel=1e-4)
    assert told["horizon"] == 6
    assert told["gain"]["mean"] == pytest.approx(plan.gain.mean())
    assert told["p_gain"] == (plan.gain > 0).mean()
    highest = data.data["spend"].max("time")
    ratio = max(
        row.spend_plan / float(highest.sel(unit=row.unit, channel=row.channel))
        for row in table.itertuples()
    )
    assert told["extrapolation"] == pytest.approx(ratio)
    moved = pd.read_csv(tmp_path / "out" / "moves.csv")
    assert moved["share"].tolist() == pytest.approx([0.05, 0.1])
    returns = pd.read_csv(tmp_path / "out" / "returns.csv").set_index(["channel", "estimand"])
    # A marginal return is what a little more brings, carryover after the plan included.
    answer, now = plan.response, plan.response.today.spend
    at = data.channels.index("video")
    if name == "direct":
        more = now.copy()
        more[:, at] *= 1.001
        gain = (answer(more).outcome - answer(now).outcome).mean() / (0.001 * now[:, at].sum())
        marginal = returns.loc[("video", "mroas_direct"), "mean"]
        assert marginal == pytest.approx(gain / 6, rel=1e-2)
    else:
        assert told["other"]["mediator"] != told["mediator"]


def test_the_two_paths_of_a_marginal_return_add_up(ready):
    fitted = ready("partial_mediation")
    both = [
        optimize(fitted, horizon=6, mediator=how, finish=4).before.slope[..., 0]
        for how in ("planner", "caused")
    ]
    now = optimize(fitted, horizon=6, mediator="caused", finish=4).response
    spends = now.today.spend.copy()
    spends[0, 0] *= 1.001
    step = spends[0, 0] / 1.001 * 0.001
    gain = (now(spends).outcome - now(now.today.spend).outcome) / step
    assert both[1][:, 0] == pytest.approx(gain, rel=1e-2)
    assert not np.allclose(both[0], both[1])


@pytest.mark.parametrize(
    "wanted, says",
    [
        ({"budget": -5.0}, "no amount of money"),
        ({"budget": 1.0}, "below the sum of the lower bounds"),
        ({"budget": 1e9}, "above the sum of the upper bounds"),
        ({"budget": 1.0, "mediator": "caused"}, "no plan within the bounds spends that"),
        ({"budget": 1.0, "target_roas": 1.0}, "exclude each other"),
        ({"horizon": 0}, "--horizon 0"),
        ({"level": 1.5}, "--level 1.5"),
        ({"mediator": "none"}, "planner, caused"),
        ({"objective": "median"}, "mean, quantile, cvar"),
        ({"lower": {"radio": 1.0}}, "'radio'"),
        ({"extrapolate": 0.0}, "--extrapolate"),
    ],
)
def test_bad_wishes_are_refused(ready, wanted, says):
    with pytest.raises(InputError, match=says):
        optimize(ready("partial_mediation"), **wanted)


def test_a_model_without_mediator_has_none_to_follow(ready):
    with pytest.raises(InputError, match="no equation of a mediator"):
        optimize(ready("direct"), mediator="caused")


def test_only_what_is_paid_is_planned(ready):
    table = plan_table(optimize(ready("direct", owned=True), horizon=3))
    assert "tv" not in set(table["channel"])
