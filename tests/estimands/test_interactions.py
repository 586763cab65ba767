"""Effects of interactions against the model's equations with changed controls."""

from collections.abc import Callable

import numpy as np
import oracle
import pytest
import xarray as xr
from builds import CHANNELS, Built, with_column

from mmm_bayes.data.design import arrange
from mmm_bayes.estimands import STATISTICS, interaction_effects, interaction_table
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.evaluation import flatten_draws

KINDS = [
    ("no_mediation", {"owned": True, "units": 2}),
    ("no_mediation", {"owned": True, "link": "log"}),
    ("partial_mediation", {"owned": True, "link": "log", "weeks": (2, 26), "units": 2}),
    ("full_mediation", {"owned": True}),
]


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: f"{kind[0]}-{len(kind[1])}")
def built(request: pytest.FixtureRequest, build: Callable[..., Built]) -> Built:
    name, kind = request.param
    return build(name, **kind)


@pytest.fixture(scope="module")
def effects(built: Built) -> xr.Dataset:
    return interaction_effects(abduct(built.model, built.design, built.draws))


def effect(effects: xr.Dataset, **where: str) -> np.ndarray:
    """Draws of the row with these labels."""
    rows = np.all([effects[key].values == value for key, value in where.items()], axis=0)
    assert rows.sum() == 1
    return flatten_draws(effects["effect"])[:, rows.argmax()]


def level(effects: xr.Dataset, **where: str) -> float:
    rows = np.all([effects[key].values == value for key, value in where.items()], axis=0)
    return float(effects["value"].values[rows.argmax()])


def location(built: Built, sample: oracle.Sample, controls: np.ndarray) -> np.ndarray:
    """Location of the outcome (time, unit) with other controls and without any media."""
    design = built.design
    changed = arrange(
        with_column(design.dataset, "controls", controls), design.form, design.scaling, design.weeks
    )
    nothing = np.zeros_like(oracle.history(built))
    return oracle.location_under(built, sample, nothing, changed.arrays["covariates"].values)


def percent(built: Built, sample: oracle.Sample, before: np.ndarray, after: np.ndarray) -> float:
    """Change of the outcome in per cent, the same in all weeks, of all units."""
    low, high = (location(built, sample, controls) for controls in (before, after))
    if built.design.form.link == "log":
        change = np.log(high / low)
        assert np.ptp(change, axis=0).max() < 1e-8
        return 100 * float(np.expm1(change.mean()))
    change = (high - low).sum(1) / oracle.outcome_mean(built).sum()
    assert np.ptp(change) < 1e-8
    return 100 * float(change.mean())


def held(built: Built, name: str, deviation: float) -> np.ndarray:
    """The table's controls with one at a constant deviation from its mean (of log price)."""
    controls = built.design.dataset.data["controls"].values.copy()
    raw = controls[built.design.weeks]
    if name == "price":
        controls[..., 0] = np.exp(np.log(raw[..., 0]).mean(0) + deviation)
    else:
        controls[..., 1] = raw[..., 1].mean(0) + deviation
    return controls


def price_away(built: Built) -> np.ndarray:
    """Log price less its mean in each unit, over the fitted weeks."""
    logs = np.log(built.design.dataset.data["controls"].values[built.design.weeks][..., 0])
    return logs - logs.mean(0)


@pytest.mark.parametrize("name, share", [("low", 0.1), ("high", 0.9)])
def test_a_promotions_lift_at_a_price(
    built: Built, effects: xr.Dataset, name: str, share: float
) -> None:
    deviation = float(np.quantile(price_away(built), share))
    off, on = held(built, "price", deviation), held(built, "price", deviation)
    off[..., 1], on[..., 1] = 0.0, 1.0
    where = {"interaction": "promotion_at_price", "of": "promotion", "level": name}
    got = effect(effects, **where, quantity="lift")
    for draw, sample in enumerate(built.samples):
        assert got[draw] == pytest.approx(percent(built, sample, off, on), rel=1e-6, abs=1e-8)
    prices = built.design.dataset.data["controls"].values[built.design.weeks][..., 0]
    typical = np.exp(np.log(prices).mean())
    assert level(effects, **where) == pytest.approx(typical * np.exp(deviation))


@pytest.mark.parametrize("name, on", [("off", 0.0), ("on", 1.0)])
def test_a_price_elasticity_with_and_without_promotion(
    built: Built, effects: xr.Dataset, name: str, on: float
) -> None:
    share = built.design.dataset.data["controls"].values[built.design.weeks][..., 1].mean()
    before = held(built, "promotion", on - share)
    after = before.copy()
    after[..., 0] *= 1 + 1e-6
    where = {"interaction": "promotion_at_price", "of": "price", "level": name}
    got = effect(effects, **where, quantity="elasticity")
    for draw, sample in enumerate(built.samples):
        expected = percent(built, sample, before, after) / 1e-4
        assert got[draw] == pytest.approx(expected, rel=1e-4)
    assert level(effects, **where) == on


def added(built: Built, sample: oracle.Sample, channel: str, factor: np.ndarray | float) -> float:
    """Total contribution of a channel with an additional factor on its effectiveness."""
    index = CHANNELS.index(channel)
    path = oracle.history(built)
    without = path.copy()
    without[..., index] = 0.0
    plain = oracle.effectiveness(built, sample)
    assert plain is not None
    scale = oracle.outcome_scale(built)
    fact = oracle.location_under(built, sample, path)
    # The prior_scale of a channel, its mean response, is that of the weeks as they were.
    lags = built.design.form.max_lag
    shape = oracle.shape_parameters(built, sample, mediation=False)[index]
    share = oracle.shares(built, sample)[index]
    units = range(path.shape[1])
    response = np.stack([oracle.response(path[:, u, index], *shape, lags) for u in units], -1)
    ceiling = share / np.mean(plain[..., index] * response)
    now, was = (
        ceiling * plain[..., index] * factor * response,
        ceiling * plain[..., index] * response,
    )
    if built.design.form.link == "identity":
        return float((scale * now).sum())
    observed = built.design.dataset.data["outcome"].values[built.design.weeks]
    none = oracle.location_under(built, sample, without)
    changed_location = fact * np.exp(now - was)
    return float((observed * (changed_location - none) / fact).sum())


def amount(built: Built, channel: str) -> float:
    data = built.design.dataset.data.isel(time=built.design.weeks).sel(channel=channel)
    return float(data["spend" if channel == "social" else "exposure"].sum())


@pytest.mark.parametrize("name, on", [("off", 0.0), ("on", 1.0)])
def test_an_owned_channel_with_and_without_promotion(
    built: Built, effects: xr.Dataset, name: str, on: float
) -> None:
    raw = built.design.dataset.data["controls"].values[built.design.weeks][..., 1]
    spread = np.sqrt(np.mean((raw - raw.mean(0)) ** 2))
    got = effect(
        effects, interaction="tv_at_promotion", of="tv", level=name, quantity="per_exposure"
    )
    for draw, sample in enumerate(built.samples):
        delta = sample["modulation_effect"][0]
        # From each unit's own mean to the level, which is measured from the mean unit's.
        change = (on - raw.mean() - (raw - raw.mean(0))) / spread
        expected = added(built, sample, "tv", np.exp(delta * change))
        assert got[draw] == pytest.approx(expected / amount(built, "tv"), rel=1e-6)


@pytest.mark.parametrize("name, share", [("low", 0.1), ("high", 0.9)])
def test_a_paid_channel_at_a_price_while_its_season_stays(
    built: Built, effects: xr.Dataset, name: str, share: float
) -> None:
    deviations = price_away(built)
    change = (np.quantile(deviations, share) - deviations) / np.sqrt(np.mean(deviations**2))
    got = effect(effects, interaction="social_at_price", of="social", level=name, quantity="roas")
    for draw, sample in enumerate(built.samples):
        delta = sample["modulation_effect"][1]
        expected = added(built, sample, "social", np.exp(delta * change))
        assert got[draw] == pytest.approx(expected / amount(built, "social"), rel=1e-6, abs=1e-12)
    if built.name == "full_mediation":
        assert (got == 0).all()


@pytest.mark.parametrize("name, day", [("mid-February", 45), ("mid-August", 226)])
def test_a_paid_channel_by_season(built: Built, effects: xr.Dataset, name: str, day: int) -> None:
    """The factor is that of the day in 2001, which begins 366 days after 2000."""
    days = built.design.dataset.data["time"].values[built.design.weeks]
    days = (days - np.datetime64("2000-01-01")) / np.timedelta64(1, "D")
    got = effect(effects, interaction="social_by_season", of="social", level=name, quantity="roas")
    for draw, sample in enumerate(built.samples):
        change: np.ndarray | float = 0.0
        for wave, delta in zip((np.sin, np.cos), sample["modulation_effect"][2:], strict=True):
            column = wave(2 * np.pi * days / 365.25)
            column_at_day = wave(2 * np.pi * (366 + day) / 365.25)
            change = change + delta * (column_at_day - column) / column.std()
        expected = added(built, sample, "social", np.exp(change)[:, None])
        assert got[draw] == pytest.approx(expected / amount(built, "social"), rel=1e-6, abs=1e-12)


def test_differences_are_those_of_the_draws(effects: xr.Dataset) -> None:
    where = {"interaction": "tv_at_promotion", "of": "tv"}
    on, off = (effect(effects, **where, level=name) for name in ("on", "off"))
    np.testing.assert_allclose(effect(effects, **where, level="on less off"), on - off)
    where = {"interaction": "social_by_season"}
    quarters = ["mid-February", "mid-May", "mid-August", "mid-November"]
    values = np.stack([effect(effects, **where, level=name) for name in quarters])
    for name, draws in zip(quarters, values, strict=True):
        np.testing.assert_allclose(
            effect(effects, **where, level=f"{name} less mean"), draws - values.mean(0), atol=1e-12
        )


def test_the_table_summarises_every_row(effects: xr.Dataset) -> None:
    table = interaction_table(effects)
    assert list(table) == [
        "interaction", "of", "at", "level", "value", "quantity", *STATISTICS
    ]  # fmt: skip
    assert len(table) == effects.sizes["row"] == 3 + 3 + 3 + 3 + 8
    draws = flatten_draws(effects["effect"])
    np.testing.assert_allclose(table["mean"], draws.mean(0))
    np.testing.assert_allclose(table["lower"], np.quantile(draws, 0.05, axis=0))


def test_without_interactions_there_is_nothing(build: Callable[..., Built]) -> None:
    plain = build("no_mediation", units=2)
    nothing = interaction_effects(abduct(plain.model, plain.design, plain.draws))
    assert not nothing
    assert len(interaction_table(nothing)) == 0
    assert "modulation_effect" not in plain.model.named_vars
