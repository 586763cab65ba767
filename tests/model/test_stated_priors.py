"""Priors that a description states: by two quantiles, and of single channels."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from builds import CHANNELS, Built, dataset
from scipy import stats

from mmm_bayes.data.design import make_design
from mmm_bayes.data.form import form_for
from mmm_bayes.errors import InputError
from mmm_bayes.estimands import channel_effects
from mmm_bayes.inference.sampling import CompiledModel, compute_deterministics, prior_draws
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.family import load_member
from mmm_bayes.model.terms.elicitation import from_quantiles
from mmm_bayes.model.terms.priors import model_priors

NUMBER = 4000
TAIL = (0.05, 0.95)
BETWEEN = {"q05": 0.1, "q95": 0.2}
Drawn = tuple[Built, xr.Dataset]


def channels(**priors: Any) -> dict[str, Any]:
    """The small table's channels, some with priors."""
    return {
        name: {"spend": f"{name}_spend"} | ({"priors": priors[name]} if name in priors else {})
        for name in CHANNELS
    }


def drawn(
    folder: Path, name: str = "no_mediation", *, link: str = "identity", **changes: Any
) -> Drawn:
    """A member on a changed table, with draws of the prior, deterministics included."""
    data = dataset(folder, **changes)
    design = make_design(data, form_for(data, link=link))  # type: ignore[arg-type]
    model = load_member(name).build(design)
    compiled = CompiledModel(model, None, 0.0)
    free = prior_draws(compiled, NUMBER, 1)
    return Built(name, design, model, free, compute_deterministics(compiled, design, free)), free


@pytest.mark.parametrize(
    "q05, q95, support, family",
    [
        (0.1, 0.7, (0.0, 1.0), stats.beta),
        (0.001, 0.02, (0.0, 1.0), stats.beta),
        (0.2, 4.0, (0.0, np.inf), stats.lognorm),
        (-2.0, 1.0, (-np.inf, np.inf), stats.norm),
    ],
)
def test_a_distribution_has_the_stated_quantiles(
    q05: float, q95: float, support: tuple[float, float], family: Any
) -> None:
    dist, parameters = from_quantiles(q05, q95, support)
    assert dist == {stats.beta: "Beta", stats.lognorm: "LogNormal", stats.norm: "Normal"}[family]
    if dist == "LogNormal":
        frozen = family(parameters["sigma"], 0, np.exp(parameters["mu"]))
    else:
        frozen = family(*parameters.values())
    np.testing.assert_allclose(frozen.ppf(TAIL), [q05, q95], rtol=1e-6)


@pytest.mark.parametrize("link", ["identity", "log"])
def test_a_return_is_stated_in_money(tmp_path: Path, link: str) -> None:
    stated = channels(tv={"roas": {"q05": 0.5, "q95": 4.0}})
    built, _ = drawn(tmp_path, link=link, channels=stated, mediators=None)
    roas = channel_effects(abduct(built.model, built.design, built.draws)).draws["roas"]
    found = roas.sel(channel="tv").isel(unit=-1).quantile(TAIL, ("chain", "draw"))
    # The effect also has what earlier weeks carried in; multiplied effects depend on one another.
    np.testing.assert_allclose(found, [0.5, 4.0], rtol=0.12 if link == "identity" else 0.35)


def test_a_share_is_one_of_the_outcome(tmp_path: Path) -> None:
    stated = channels(tv={"contribution_share": {"q05": 0.02, "q95": 0.2}})
    built, _ = drawn(tmp_path, channels=stated, mediators=None)
    effects = channel_effects(abduct(built.model, built.design, built.draws)).draws
    found = effects["contribution_share"].sel(channel="tv").isel(unit=-1)
    np.testing.assert_allclose(found.quantile(TAIL, ("chain", "draw")), [0.02, 0.2], rtol=0.12)


@pytest.mark.parametrize("name", ["no_mediation", "full_mediation", "partial_mediation"])
def test_the_other_channels_share_what_all_media_make(tmp_path: Path, name: str) -> None:
    stated = channels(tv={"roas": {"dist": "Gamma", "alpha": 2.0, "beta": 1.0}})
    built, _ = drawn(tmp_path, name, channels=stated)
    rest = built.draws["beta"].sel(channel=["video", "social", "search"]).sum("channel")
    np.testing.assert_allclose(rest, built.draws["media_share"], rtol=1e-9)
    assert model_priors(built.design, built.model)["media_roas[tv]"] == (
        "Gamma",
        {"alpha": 2.0, "beta": 1.0},
    )


def test_all_media_are_stated_as_a_share_of_the_outcome(tmp_path: Path) -> None:
    built, _ = drawn(tmp_path, priors={"media_share": {"q05": 0.1, "q95": 0.4}}, mediators=None)
    effects = channel_effects(abduct(built.model, built.design, built.draws))
    found = effects.combined["contribution_share"].isel(unit=-1).quantile(TAIL, ("chain", "draw"))
    np.testing.assert_allclose(found, [0.1, 0.4], rtol=0.12)


def test_shapes_of_one_channel(tmp_path: Path) -> None:
    stated = channels(
        tv={"half_life": {"q05": 1.0, "q95": 6.0}, "saturation_slope": {"q05": 1.0, "q95": 2.0}},
        video={"adstock_alpha": {"dist": "Uniform", "lower": 0.8, "upper": 0.9}},
    )
    built, _ = drawn(tmp_path, "partial_mediation", channels=stated)
    alpha = built.draws["adstock_alpha"].isel(chain=0)
    assert built.draws["adstock_alpha"].dims == ("chain", "draw", "channel")
    half_life = np.log(0.5) / np.log(alpha.sel(channel="tv"))
    np.testing.assert_allclose(half_life.quantile(TAIL), [1.0, 6.0], rtol=0.1)
    video = alpha.sel(channel="video")
    assert 0.8 <= float(video.min()) <= float(video.max()) <= 0.9
    np.testing.assert_allclose(
        alpha.sel(channel=["search", "social"]).quantile(TAIL, "draw").mean("channel"),
        stats.beta(2, 2).ppf(TAIL),
        rtol=0.1,
    )
    slope = built.draws["saturation_slope"].sel(channel="tv").quantile(TAIL)
    np.testing.assert_allclose(slope, [1.0, 2.0], rtol=0.05)


@pytest.mark.parametrize("sign, everyone", [("free", "positive"), ("positive", "free")])
def test_the_sign_of_one_channel(tmp_path: Path, sign: str, everyone: str) -> None:
    built, _ = drawn(
        tmp_path, channels=channels(tv={"sign": sign}), model={"sign": everyone}, mediators=None
    )
    below = (built.draws["beta"] < 0).mean(("chain", "draw"))
    expected = dict.fromkeys(CHANNELS, 0.5 if everyone == "free" else 0.0)
    expected["tv"] = 0.5 if sign == "free" else 0.0
    np.testing.assert_allclose(below, list(expected.values()), atol=0.03)


def test_a_panel_takes_priors_of_channels(build: Callable[..., Built], tmp_path: Path) -> None:
    stated = channels(tv={"roas": {"q05": 0.5, "q95": 4.0}, "half_life": {"q05": 1.0, "q95": 6.0}})
    built, free = drawn(tmp_path, "panel", channels=stated, units=2)
    assert {"media_roas[tv]", "beta_spread", "adstock_half_life[tv]"} <= set(free)
    assert built.draws["unit_beta"].dims == ("chain", "draw", "unit", "channel")


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            {"channels": channels(tv={"roas": {"q05": 2.0, "q95": 1.0}})},
            r"q05 = 2, which is not below q95 = 1; exchange",
        ),
        (
            {"channels": channels(tv={"roas": {"q05": 2.0}})},
            "neither a distribution nor a pair of quantiles; state dist",
        ),
        (
            {"channels": channels(tv={"roas": {"q05": -1.0, "q95": 1.0}})},
            r"\[channels.tv.priors\] roas: q05 = -1 and q95 = 1 are not between 0 and inf",
        ),
        (
            {"channels": channels(tv={"roas": {"dist": "Normal", "mu": 0.0, "sigma": 1.0}})},
            r"\[channels.tv.priors\] roas: .*outside the parameter's range",
        ),
        (
            {
                "channels": channels(
                    tv={"roas": BETWEEN, "contribution_share": BETWEEN}
                )
            },
            "both roas and contribution_share, which are two names of one quantity",
        ),
        (
            {
                "channels": channels()
                | {"tv": {"exposure": "tv_spend", "priors": {"roas": BETWEEN}}}
            },
            "states a prior of roas, but has no spend; state contribution_share",
        ),
        (
            {"priors": {"adstock_alpha": {"q05": 0.5, "q95": 1.5}}},
            r"\[priors\] adstock_alpha: q05 = 0.5 and q95 = 1.5 are not between 0 and 1",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        drawn(tmp_path, **changes)
    assert "\n" not in str(refusal.value)


def test_a_share_of_a_profit_around_zero_is_refused(tmp_path: Path) -> None:
    from dataclasses import replace

    from builds import with_column

    data = dataset(tmp_path, priors={"media_share": {"q05": 0.1, "q95": 0.4}})
    outcome = data.data["outcome"].values
    moved = with_column(data, "outcome", outcome - 1.1 * outcome.mean())
    design = make_design(replace(moved), form_for(moved))
    with pytest.raises(InputError, match="a share of an outcome whose mean is not positive"):
        load_member("no_mediation").build(design)
