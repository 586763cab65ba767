"""Files of a decision, from a small model with constructed draws."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm_bayes.decisions import decide, job, optimize, plan_table
from mmm_bayes.decisions.plan import PreparedRun
from mmm_bayes.errors import InputError
from mmm_bayes.estimands import channel_effects
from mmm_bayes.inference.runs import Run
from mmm_bayes.model.counterfactual import abduct


@pytest.fixture(scope="module")
def ready(build):
    def prepare(name, **kind):
        built = build(name, **kind)
        counterfactual = abduct(built.model, built.design, built.draws)
        draws = channel_effects(counterfactual).draws
        effects = xr.DataTree.from_dict({"draws": draws, "prior": draws})
        run = Run(None, None, effects, None, {}, {"model": name}, "")
        return PreparedRun(run, counterfactual)

    return prepare


@pytest.mark.parametrize("verdict", ["pass", "warn", "fail", None])
def test_the_verdict_of_the_run_comes_before_the_gain(ready, verdict, tmp_path, monkeypatch):
    prepared = ready("no_mediation")
    reasons = [] if verdict == "pass" else ["The chains disagree.", "A second reason."]
    diagnostics = {} if verdict is None else {"verdict": verdict, "reasons": reasons}
    prepared = replace(prepared, run=replace(prepared.run, diagnostics=diagnostics))
    monkeypatch.setattr(job, "prepare_run", lambda folder, model: prepared)
    said = []
    plan = decide(tmp_path, tmp_path / "out", say=said.append, horizon=2)
    record = json.loads((tmp_path / "out" / "plan.json").read_text("utf-8"))
    expected = {"pass": None, None: "The run has not been checked: it has no verdict."}
    reason = expected.get(verdict, "The chains disagree.")
    assert record["verdict"] == (verdict or "fail")
    assert record["reason"] == reason
    lines = [line for line in said if "verdict" in line]
    assert len(lines) == 1
    assert (reason or "found no problem") in lines[0]
    assert "second" not in lines[0]
    (gain,) = (number for number, line in enumerate(said) if "sales changes by" in line)
    assert said.index(lines[0]) < gain
    assert repr(plan).replace("\n", " ").startswith(lines[0])
    assert ("must not be used" in lines[0]) == (verdict in ("fail", None))


@pytest.mark.parametrize(
    "name, kind, options",
    [
        ("partial_mediation", {}, {"mediator": "caused", "objective": "cvar", "level": 0.5}),
        ("partial_mediation", {"units": 2}, {"lower": {"search": 0.9}}),
        ("no_mediation", {"owned": True}, {"objective": "quantile"}),
        ("no_mediation", {}, {"target_roas": 0.5}),
    ],
)
def test_all_files_are_written_and_agree(ready, name, kind, options, tmp_path, monkeypatch):
    prepared = ready(name, **kind)
    monkeypatch.setattr(job, "prepare_run", lambda folder, model: prepared)
    plan = decide(tmp_path, tmp_path / "out", say=lambda _: None, horizon=6, **options)
    table = pd.read_csv(tmp_path / "out" / "plan.csv", dtype={"unit": str})
    record = json.loads((tmp_path / "out" / "plan.json").read_text("utf-8"))
    data = prepared.counterfactual.design.dataset

    assert list(table) == ["unit", "channel", "spend_now", "spend_plan"]
    assert set(table["channel"]) == set(data.paid)
    mean = data.data["spend"].isel(time=slice(-6, None)).mean("time")
    for row in table.itertuples():
        now = float(mean.sel(unit=row.unit, channel=row.channel))
        assert row.spend_now == pytest.approx(now)
        follows = options.get("mediator") == "caused" and row.channel == "search"
        assert follows or 0.5 * now - 1e-6 <= row.spend_plan <= 1.5 * now + 1e-6
    assert record["budget"] == pytest.approx(table["spend_plan"].sum(), rel=1e-4)
    if "target_roas" not in options:
        assert record["budget"] == pytest.approx(table["spend_now"].sum(), rel=1e-4)
    assert record["horizon"] == 6
    assert record["gain"]["mean"] == pytest.approx(plan.gain.mean())
    assert record["p_gain"] == (plan.gain > 0).mean()
    calendar = pd.read_csv(tmp_path / "out" / "calendar.csv", dtype={"unit": str})
    assert list(calendar) == ["date", "unit", "channel", "spend_now", "spend_plan"]
    assert calendar["date"].nunique() == 6
    means = calendar.groupby(["unit", "channel"])[["spend_now", "spend_plan"]].mean()
    totals = table.set_index(["unit", "channel"])
    assert means.loc[totals.index].values == pytest.approx(totals.values)
    for row in calendar.itertuples():
        spent = data.data["spend"].sel(time=row.date, unit=row.unit, channel=row.channel)
        assert row.spend_now == pytest.approx(float(spent))
    assert record["extrapolation"] == pytest.approx(plan.extrapolation.max())
    moves = pd.read_csv(tmp_path / "out" / "moves.csv")
    assert moves["share"].tolist() == pytest.approx([0.05, 0.1])
    returns = pd.read_csv(tmp_path / "out" / "returns.csv").set_index(["channel", "estimand"])
    # A marginal return is a difference quotient that includes carryover after the plan.
    response, now = plan.response, plan.response.status_quo.spend
    index = data.channels.index("video")
    if name == "no_mediation":
        more = now.copy()
        more[:, index] *= 1.001
        step = 0.001 * now[:, index].sum()
        gain = (response(more).outcome - response(now).outcome).mean() / step
        marginal = returns.loc[("video", "mroas_direct"), "mean"]
        assert marginal == pytest.approx(gain / 6, rel=1e-2)
    else:
        assert record["other"]["mediator"] != record["mediator"]


def test_the_two_paths_of_a_marginal_return_add_up(ready):
    prepared = ready("partial_mediation")
    both = [
        optimize(prepared, horizon=6, mediator=policy, finish=4).before.slope[..., 0]
        for policy in ("planner", "caused")
    ]
    response = optimize(prepared, horizon=6, mediator="caused", finish=4).response
    spends = response.status_quo.spend.copy()
    spends[0, 0] *= 1.001
    step = spends[0, 0] / 1.001 * 0.001
    gain = (response(spends).outcome - response(response.status_quo.spend).outcome) / step
    assert both[1][:, 0] == pytest.approx(gain, rel=1e-2)
    assert not np.allclose(both[0], both[1])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"budget": -5.0}, "is not a budget"),
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
def test_invalid_options_are_refused(ready, options, message):
    with pytest.raises(InputError, match=message):
        optimize(ready("partial_mediation"), **options)


def test_a_model_without_mediator_allows_no_caused_policy(ready):
    with pytest.raises(InputError, match="no equation of a mediator"):
        optimize(ready("no_mediation"), mediator="caused")


def test_only_paid_channels_are_planned(ready):
    table = plan_table(optimize(ready("no_mediation", owned=True), horizon=3))
    assert "tv" not in set(table["channel"])
