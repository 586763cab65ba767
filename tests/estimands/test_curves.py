"""Response curves against steady states, carryover curves against the weights."""

from collections.abc import Callable

import numpy as np
import oracle
import pytest
from builds import CHAINS, CHANNELS, DRAWS, Built

from mmm_bayes.estimands import STATISTICS, adstock_curves, response_curves, summarise
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.evaluation import flatten_draws

MIDDLE = CHANNELS.index("search")


def hill(x: float, kappa: float, slope: float) -> float:
    return x**slope / (kappa**slope + x**slope) if x > 0 else 0.0


def steady(
    built: Built, sample: oracle.Sample, exposure: np.ndarray, *, of_mediator: bool
) -> np.ndarray:
    """Location (unit,) in the steady state of constant exposures (unit, channel).

    Adstock's weights sum to one, so a constant exposure is its own adstock; trend, seasons and
    controls are at their averages over the fitted weeks. An effect that changes is that of the
    last week.
    """
    path = oracle.history(built)
    lags = built.design.form.max_lag
    shapes = oracle.shape_parameters(built, sample, mediation=of_mediator)
    if of_mediator:
        channels = [CHANNELS.index(cause) for cause in oracle.CAUSES[built.name]]
        share, prefix = list(sample["gamma"]), "mediator_"
    else:
        channels, share, prefix = list(range(4)), oracle.shares(built, sample), ""
    zero = np.zeros(built.design.arrays["covariates"].shape)
    out = oracle.baseline(built, sample, prefix, zero).mean(0)
    walk = oracle.effect_walk(built, sample)[:, channels]
    walk = np.ones(walk.shape) if of_mediator else walk
    for (alpha, kappa, slope), amount, channel, e in zip(
        shapes, share, channels, walk.T, strict=True
    ):
        units = range(path.shape[1])
        mean = np.mean(
            [e * oracle.response(path[:, u, channel], alpha, kappa, slope, lags) for u in units]
        )
        for unit in units:
            now = e[-1] * hill(exposure[unit, channel], kappa, slope)
            out[unit] += amount * (now / mean - 1)
    if of_mediator:
        return out * built.design.arrays["mediator_observed"].values.mean(0)
    if built.design.form.link == "log":
        out = np.exp(out)
    return out * oracle.outcome_scale(built)


@pytest.mark.parametrize(
    "name, kind",
    [
        ("no_mediation", {"link": "log", "units": 2}),
        ("full_mediation", {}),
        ("partial_mediation", {"units": 2}),
        ("partial_mediation", {"link": "log"}),
        ("partial_mediation", {"link": "log", "trend": "changepoints"}),
        ("time_varying", {"link": "log"}),
    ],
)
def test_response_curves_are_the_steady_state(
    build: Callable[..., Built], name: str, kind: dict[str, object]
) -> None:
    built = build(name, **kind)
    curves = response_curves(abduct(built.model, built.design, built.draws))
    spend = built.design.dataset.data["spend"].values[built.design.weeks]
    units = spend.shape[1]
    average = oracle.history(built)[built.design.form.max_lag - 1 :].mean(0)
    active = np.array([[oracle.active_mean(built, u, c) for c in range(4)] for u in range(units)])
    for index, channel in enumerate(CHANNELS):
        weekly = [sum(week[:, index]) for week in spend]
        on = [amount for amount in weekly if amount > 0]
        curve = curves.sel(channel=channel)
        assert float(curve["observed_max"]) == pytest.approx(max(on))
        assert float(curve["observed_mean"]) == pytest.approx(sum(on) / len(on))
        assert float(curve["spend"][0]) == 0.0
        assert float(curve["spend"][-1]) == pytest.approx(1.25 * max(on))
        # A unit's mean spend in the weeks when it spends: what one active mean costs there.
        money = [np.mean([x for x in spend[:, u, index] if x > 0]) for u in range(units)]
        for point in (0, 3, 24):
            level = float(curve["spend"][point]) / sum(money)
            without, with_channel = average.copy(), average.copy()
            without[:, index], with_channel[:, index] = 0.0, level
            draws: dict[str, list[float]] = {"direct": [], "total": []}
            for sample in built.samples:
                start, held, follows = without.copy(), with_channel.copy(), with_channel.copy()
                if channel in oracle.CAUSES[name]:
                    spent = steady(built, sample, without, of_mediator=True) / active[:, MIDDLE]
                    start[:, MIDDLE] = held[:, MIDDLE] = spent
                    spent = (
                        steady(built, sample, with_channel, of_mediator=True) / active[:, MIDDLE]
                    )
                    follows[:, MIDDLE] = spent
                zero = steady(built, sample, start, of_mediator=False)
                for key, exposure in (("direct", held), ("total", follows)):
                    location = steady(built, sample, exposure, of_mediator=False)
                    draws[key].append(float((location - zero).sum()))
            for key, values in draws.items():
                np.testing.assert_allclose(
                    curve[key].isel(point=point), summarise(np.array(values)), rtol=1e-6, atol=1e-6
                )


def test_a_channel_without_spend_has_its_exposure_on_the_axis(
    build: Callable[..., Built],
) -> None:
    """At the channel's active mean, the curve is its contribution to an average week."""
    built = build("no_mediation", owned=True, units=2)
    curves = response_curves(abduct(built.model, built.design, built.draws))
    assert list(curves["measure"].values) == ["spend", "spend", "spend", "spots"]
    spots = built.design.dataset.data["exposure"].sel(channel="tv").values
    weekly = spots.sum(1)
    curve = curves.sel(channel="tv")
    assert float(curve["observed_max"]) == weekly.max()
    assert float(curve["observed_mean"]) == pytest.approx(weekly[weekly > 0].mean())
    assert float(curve["spend"][-1]) == pytest.approx(1.25 * weekly.max())
    # One active mean in each unit at once, in a week in which nothing changes the channel.
    means = [np.mean([x for x in spots[:, unit] if x > 0]) for unit in range(2)]
    level = float(curve["spend"][12]) / sum(means)
    scale = oracle.outcome_scale(built).sum()
    added = []
    for sample, draw in zip(built.samples, flatten_draws(built.draws["ceiling"]), strict=True):
        kappa, slope = sample["saturation_kappa"][3], sample["saturation_slope"][3]
        added.append(scale * draw[3] * hill(level, kappa, slope))
    np.testing.assert_allclose(
        curve["total"].isel(point=12), summarise(np.array(added)), rtol=1e-6, atol=1e-6
    )


def test_curves_start_at_zero_and_rise(build: Callable[..., Built]) -> None:
    built = build("no_mediation", link="log", units=2)
    curves = response_curves(abduct(built.model, built.design, built.draws))
    assert (curves["total"].isel(point=0) == 0).all()
    assert (curves["total"].sel(statistic="mean").diff("point") > 0).all()
    np.testing.assert_array_equal(curves["total"], curves["direct"])


def test_adstock_curves_are_the_weights(build: Callable[..., Built]) -> None:
    built = build("partial_mediation", units=2)
    curves = adstock_curves(abduct(built.model, built.design, built.draws))
    lags = built.design.form.max_lag
    for name, alpha, dim, labels in (
        ("weight", "adstock_alpha", "channel", CHANNELS),
        ("mediation_weight", "mediation_alpha", "cause", ("video", "social")),
    ):
        assert curves[name].dims == ("statistic", dim, "lag")
        assert list(curves[dim].values) == list(labels)
        for index, label in enumerate(labels):
            weights = []
            for sample in built.samples:
                raw = [sample[alpha][index] ** lag for lag in range(lags)]
                weights.append([weight / sum(raw) for weight in raw])
            np.testing.assert_allclose(
                curves[name].sel({dim: label}), summarise(np.array(weights)), atol=1e-12
            )
    assert list(curves["statistic"].values) == list(STATISTICS)
    assert len(built.samples) == CHAINS * DRAWS


def test_a_model_without_its_own_mediation_curve_has_none(build: Callable[..., Built]) -> None:
    for name in ("no_mediation", "full_mediation"):
        built = build(name)
        assert set(adstock_curves(abduct(built.model, built.design, built.draws))) == {"weight"}
