"""Stated priors beside the default ones, which are drawn here as the documents give them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builds import CHANNELS, dataset, with_column
from scipy import stats

from mmm_bayes.data import Dataset
from mmm_bayes.data.design import make_design
from mmm_bayes.data.form import form_for
from mmm_bayes.inference import stated_priors as module
from mmm_bayes.inference.fit import _stated_records
from mmm_bayes.inference.prior_check import prior_check
from mmm_bayes.inference.sampling import build_model
from mmm_bayes.inference.stated_priors import COLUMNS, stated_priors
from mmm_bayes.model.family import load_member

TAIL = (0.05, 0.95)
GAMMA = {"dist": "Gamma", "alpha": 2.0, "beta": 1.0}


def described(folder: Path, priors: dict[str, Any] | None = None, **channels: Any) -> Dataset:
    """The small table, with priors of parameters and of channels."""
    of_channels = {
        name: {"spend": f"{name}_spend"} | ({"priors": channels[name]} if name in channels else {})
        for name in CHANNELS
    }
    return dataset(folder, channels=of_channels, **({"priors": priors} if priors else {}))


def compared(data: Dataset, name: str = "no_mediation", link: str = "identity") -> pd.DataFrame:
    """Rows by quantity and channel."""
    design = make_design(data, form_for(data, link=link))  # type: ignore[arg-type]
    member = load_member(name)
    table = stated_priors(member, design, build_model(member, design))
    assert list(table.columns) == COLUMNS
    return table.set_index(["quantity", "channel"])


def ends(row: pd.Series, prefix: str = "") -> list[float]:
    return [row[f"{prefix}lower"], row[f"{prefix}upper"]]


def default_contributions(data: Dataset, number: int = 400_000) -> np.ndarray:
    """Mean contribution of each channel a week by default, (draw, channel), from the documents.

    All media together are log-normal in four standard deviations of the outcome; money divides
    them, with relative returns whose logarithms have a standard deviation of 0.9.
    """
    rng = np.random.default_rng(3)
    spend = data.data["spend"].mean(("time", "unit")).values
    total = 4 * data.data["outcome"].values.std() * rng.lognormal(-2.13, 1.08, (number, 1))
    weight = spend * np.exp(0.9 * rng.standard_normal((number, len(spend))))
    return total * weight / weight.sum(1, keepdims=True)


def test_returns_and_shares_beside_what_money_would_divide(tmp_path: Path) -> None:
    small = GAMMA | {"beta": 40.0}
    data = described(
        tmp_path, tv={"roas": {"q05": 0.5, "q95": 4.0}}, video={"contribution_share": small}
    )
    table = compared(data)
    contribution = default_contributions(data)
    spend = data.data["spend"].mean(("time", "unit")).values
    outcome = float(data.data["outcome"].mean())
    tv, video = table.loc[("roas", "tv")], table.loc[("contribution_share", "video")]
    assert tv["stated"] == "q05 = 0.5, q95 = 4"
    assert ends(tv) == [0.5, 4.0]
    position = CHANNELS.index("tv")
    expected = np.quantile(contribution[:, position] / spend[position], TAIL)
    np.testing.assert_allclose(ends(tv, "default_"), expected, rtol=0.06)
    assert video["stated"] == "Gamma(alpha = 2, beta = 40)"
    np.testing.assert_allclose(ends(video), stats.gamma(2, scale=1 / 40).ppf(TAIL), rtol=0.05)
    expected = np.quantile(contribution[:, CHANNELS.index("video")] / outcome, TAIL)
    np.testing.assert_allclose(ends(video, "default_"), expected, rtol=0.06)


def test_shapes_in_the_unit_in_which_they_are_stated(tmp_path: Path) -> None:
    shapes = {
        "half_life": {"q05": 1.0, "q95": 6.0},
        "saturation_kappa": {"dist": "LogNormal", "mu": 0.5, "sigma": 0.2},
        "saturation_slope": {"q05": 1.0, "q95": 2.0},
    }
    data = described(tmp_path, tv=shapes, social={"adstock_alpha": {"q05": 0.2, "q95": 0.4}})
    table = compared(data, "partial_mediation")
    alpha = stats.beta(2, 2).ppf(TAIL)
    defaults = {
        ("half_life", "tv"): np.log(0.5) / np.log(alpha),
        ("adstock_alpha", "social"): alpha,
        ("saturation_kappa", "tv"): stats.lognorm(0.7).ppf(TAIL),
        ("saturation_slope", "tv"): stats.lognorm(0.3, scale=np.exp(0.18)).ppf(TAIL),
    }
    assert set(table.index) == set(defaults)
    for key, expected in defaults.items():
        np.testing.assert_allclose(ends(table.loc[key], "default_"), expected, rtol=0.06)
    kappa = stats.lognorm(0.2, scale=np.exp(0.5)).ppf(TAIL)
    np.testing.assert_allclose(ends(table.loc[("saturation_kappa", "tv")]), kappa, rtol=0.02)


def test_all_media_as_a_share_of_the_outcome(tmp_path: Path) -> None:
    data = described(tmp_path, {"media_share": {"q05": 0.1, "q95": 0.4}})
    row = compared(data).loc[("media_share", "")]
    values = data.data["outcome"].values
    expected = stats.lognorm(1.08, scale=np.exp(-2.13)).ppf(TAIL) * 4 * values.std() / values.mean()
    assert ends(row) == [0.1, 0.4]
    np.testing.assert_allclose(ends(row, "default_"), expected, rtol=0.06)


def test_all_other_media_where_one_channel_states_its_own(tmp_path: Path) -> None:
    """What is stated of the sum then holds for the rest, and so does the default beside it."""
    share = {"media_share": {"q05": 0.1, "q95": 0.4}}
    table = compared(described(tmp_path, share, tv={"roas": GAMMA}, video={"sign": "free"}))
    assert set(table.index) == {
        ("other_media_share", ""), ("roas", "tv"), ("contribution_share", "video"),
    }  # fmt: skip
    data = described(tmp_path)
    rest = [CHANNELS.index(name) for name in ("social", "search")]
    sums = default_contributions(data)[:, rest].sum(1) / float(data.data["outcome"].mean())
    row = table.loc[("other_media_share", "")]
    assert ends(row) == [0.1, 0.4]
    np.testing.assert_allclose(ends(row, "default_"), np.quantile(sums, TAIL), rtol=0.06)


@pytest.mark.parametrize("link", ["identity", "log"])
def test_contributions_one_by_one(tmp_path: Path, link: str) -> None:
    """A single prior of beta is compared channel by channel, as the defaults differ."""
    data = described(tmp_path, {"beta": {"dist": "HalfNormal", "sigma": 0.1}})
    table = compared(data, "no_mediation", link).loc["beta"]
    assert table.index.tolist() == list(CHANNELS)
    values = data.data["outcome"].values
    if link == "identity":
        expected = np.quantile(default_contributions(data) / (4 * values.std()), TAIL, axis=0).T
    else:
        # The mediator, which has two causes, passes on what they send.
        scale = np.array([0.15, 0.15, 0.15 * np.sqrt(3), 0.15])
        spread = np.log(values / np.exp(np.log(values).mean())).std()
        expected = np.array([stats.halfnorm(scale=s * (1 + spread)).ppf(TAIL) for s in scale])
    found = table[["default_lower", "default_upper"]].to_numpy()
    np.testing.assert_allclose(found, expected, rtol=0.1)
    stated = stats.halfnorm(scale=0.1).ppf(TAIL)
    np.testing.assert_allclose(table[["lower", "upper"]], [stated] * 4, rtol=0.06)


def test_a_sign_is_compared_as_a_share_and_of_a_profit_as_an_amount(tmp_path: Path) -> None:
    data = described(tmp_path, tv={"sign": "free"})
    values = data.data["outcome"].values
    width = stats.norm.ppf(0.95) * 0.3 / np.sqrt(4) * 4 * values.std()
    row = compared(data).loc[("contribution_share", "tv")]
    assert row["stated"] == "sign free"
    np.testing.assert_allclose(ends(row), np.array([-1, 1]) * width / values.mean(), rtol=0.06)
    default = np.quantile(default_contributions(data)[:, CHANNELS.index("tv")], TAIL)
    np.testing.assert_allclose(ends(row, "default_"), default / values.mean(), rtol=0.06)
    profit = with_column(data, "outcome", values - 1.1 * values.mean())
    row = compared(replace(profit)).loc[("contribution", "tv")]
    np.testing.assert_allclose(ends(row), [-width, width], rtol=0.06)
    np.testing.assert_allclose(ends(row, "default_"), default, rtol=0.06)


def test_only_what_a_model_has_is_compared(tmp_path: Path) -> None:
    """A cause has no effect of its own where all of it goes through the mediator."""
    data = described(tmp_path, {"beta": GAMMA}, social={"roas": GAMMA}, tv={"roas": GAMMA})
    table = compared(data, "full_mediation")
    assert table.index.tolist() == [("beta", "search"), ("roas", "tv")]
    assert table[["default_lower", "default_upper"]].gt(0).all(axis=None)


def test_a_panel_is_compared_as_its_typical_unit(tmp_path: Path) -> None:
    stated = {
        name: {"spend": f"{name}_spend"} | ({"priors": {"roas": GAMMA}} if name == "tv" else {})
        for name in CHANNELS
    }
    table = compared(dataset(tmp_path, units=2, channels=stated), "panel")
    (row,) = (table.loc[key] for key in table.index)
    np.testing.assert_allclose(ends(row), stats.gamma(2).ppf(TAIL), rtol=0.05)
    assert 0 < row["default_lower"] < row["default_upper"]


def test_nothing_stated_builds_no_second_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "prior_draws", None)
    assert compared(described(tmp_path)).empty


def test_a_default_that_the_model_does_not_have_is_missing(tmp_path: Path) -> None:
    """A model whose own code looks at what is stated; a run's record has no NaN."""
    data = described(tmp_path, {"sigma": GAMMA}, tv={"roas": GAMMA})
    design = make_design(data, form_for(data))
    member = load_member("no_mediation")
    built = build_model(member, design)
    member = replace(member, build=lambda plain: type(built.model)())
    records = json.loads(json.dumps(_stated_records(member, design, built), allow_nan=False))
    assert [(row["quantity"], row["channel"]) for row in records] == [("sigma", ""), ("roas", "tv")]
    assert all(row["default_lower"] is row["default_upper"] is None for row in records)
    np.testing.assert_allclose(records[0]["upper"], stats.gamma(2).ppf(0.95), rtol=0.05)


def test_a_prior_check_has_the_same_table(tmp_path: Path) -> None:
    data = described(tmp_path, tv={"roas": {"q05": 0.5, "q95": 4.0}})
    checked = prior_check("no_mediation", data.path, draws=20)
    pd.testing.assert_frame_equal(checked.stated.set_index(["quantity", "channel"]), compared(data))
