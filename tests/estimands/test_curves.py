"""Response curves against the steady state, carryover curves against their weights."""

from collections.abc import Callable

import numpy as np
import oracle
import pytest
from builds import CHAINS, CHANNELS, DRAWS, Built

from mmm_bayes.counterfactual import world
from mmm_bayes.estimands import STATISTICS, adstock_curves, response_curves, summarise
from mmm_bayes.evaluation import flat

MIDDLE = CHANNELS.index("search")


def hill(x: float, kappa: float, slope: float) -> float:
    return x**slope / (kappa**slope + x**slope) if x > 0 else 0.0


def steady(
    built: Built, sample: oracle.Sample, exposure: np.ndarray, *, of_mediator: bool
) -> np.ndarray:
    """Location (unit,) when exposures (unit, channel) have been what they are for long.

    Adstock's weights sum to one, so a constant exposure is its own adstock; trend, seasons and
    controls are at their averages, where the orthonormal covariates are zero. An effect that
    changes is that of the last week.
    """
    path = oracle.history(built)
    lags = built.design.form.max_lag
    shapes = oracle.shapes(built, sample, mediation=of_mediator)
    if of_mediator:
        at = [CHANNELS.index(cause) for cause in oracle.CAUSES[built.name]]
        share, prefix = list(sample["gamma"]), "mediator_"
    else:
        at, share, prefix = list(range(4)), oracle.shares(built, sample), ""
    out = np.array(sample[f"{prefix}intercept"], dtype=float)
    left = oracle.walked(built, sample)[:, at]
    left = np.ones(left.shape) if of_mediator else left
    for (alpha, kappa, slope), amount, channel, e in zip(shapes, share, at, left.T, strict=True):
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
        ("direct", {"link": "log", "units": 2}),
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
    curves = response_curves(world(built.model, built.design, built.draws))
    spend = built.design.dataset.data["spend"].values[built.design.weeks]
    units = spend.shape[1]
    average = oracle.history(built)[built.design.form.max_lag - 1 :].mean(0)
    active = np.array([[oracle.active_mean(built, u, c) for c in range(4)] for u in range(units)])
    for at, channel in enumerate(CHANNELS):
        together = [sum(week[:, at]) for week in spend]
        on = [amount for amount in together if amount > 0]
        one = curves.sel(channel=channel)
        assert float(one["observed_max"]) == pytest.approx(max(on))
        assert float(one["observed_mean"]) == pytest.approx(sum(on) / len(on))
        assert float(one["spend"][0]) == 0.0
        assert float(one["spend"][-1]) == pytest.approx(1.25 * max(on))
        # A unit's mean spend in the weeks when it spends: what one active mean costs there.
        money = [np.mean([x for x in spend[:, u, at] if x > 0]) for u in range(units)]
        for point in (0, 3, 24):
            level = float(one["spend"][point]) / sum(money)
            none, some = average.copy(), average.copy()
            none[:, at], some[:, at] = 0.0, level
            draws: dict[str, list[float]] = {"direct": [], "total": []}
            for sample in built.samples:
                start, held, follows = none.copy(), some.copy(), some.copy()
                if channel in oracle.CAUSES[name]:
                    spent = steady(built, sample, none, of_mediator=True) / active[:, MIDDLE]
                    start[:, MIDDLE] = held[:, MIDDLE] = spent
                    spent = steady(built, sample, some, of_mediator=True) / active[:, MIDDLE]
                    follows[:, MIDDLE] = spent
                zero = steady(built, sample, start, of_mediator=False)
                for key, exposure in (("direct", held), ("total", follows)):
                    location = steady(built, sample, exposure, of_mediator=False)
                    draws[key].append(float((location - zero).sum()))
            for key, values in draws.items():
                np.testing.assert_allclose(
                    one[key].isel(point=point), summarise(np.array(values)), rtol=1e-6, atol=1e-6
                )


def test_a_channel_without_spend_has_its_exposure_on_the_axis(
    build: Callable[..., Built],
) -> None:
    """At its mean when on the curve is beta's part of a week like the mean one."""
    built = build("direct", owned=True, units=2)
    curves = response_curves(world(built.model, built.design, built.draws))
    assert list(curves["measure"].values) == ["spend", "spend", "spend", "spots"]
    spots = built.design.dataset.data["exposure"].sel(channel="tv").values
    together = spots.sum(1)
    one = curves.sel(channel="tv")
    assert float(one["observed_max"]) == together.max()
    assert float(one["observed_mean"]) == pytest.approx(together[together > 0].mean())
    assert float(one["spend"][-1]) == pytest.approx(1.25 * together.max())
    # One active mean in each unit at once, in a week in which nothing changes the channel.
    means = [np.mean([x for x in spots[:, unit] if x > 0]) for unit in range(2)]
    level = float(one["spend"][12]) / sum(means)
    scale = oracle.outcome_scale(built).sum()
    added = []
    for sample, draw in zip(built.samples, flat(built.draws["ceiling"]), strict=True):
        kappa, slope = sample["saturation_kappa"][3], sample["saturation_slope"][3]
        added.append(scale * draw[3] * hill(level, kappa, slope))
    np.testing.assert_allclose(
        one["total"].isel(point=12), summarise(np.array(added)), rtol=1e-6, atol=1e-6
    )


def test_curves_start_at_zero_and_rise(build: Callable[..., Built]) -> None:
    built = build("direct", link="log", units=2)
    curves = response_curves(world(built.model, built.design, built.draws))
    assert (curves["total"].isel(point=0) == 0).all()
    assert (curves["total"].sel(statistic="mean").diff("point") > 0).all()
    np.testing.assert_array_equal(curves["total"], curves["direct"])


def test_adstock_curves_are_the_weights(build: Callable[..., Built]) -> None:
    built = build("partial_mediation", units=2)
    curves = adstock_curves(world(built.model, built.design, built.draws))
    lags = built.design.form.max_lag
    for name, alpha, dim, labels in (
        ("weight", "adstock_alpha", "channel", CHANNELS),
        ("mediation_weight", "mediation_alpha", "cause", ("video", "social")),
    ):
        assert curves[name].dims == ("statistic", dim, "lag")
        assert list(curves[dim].values) == list(labels)
        for at, label in enumerate(labels):
            weights = []
            for sample in built.samples:
                raw = [sample[alpha][at] ** lag for lag in range(lags)]
                weights.append([weight / sum(raw) for weight in raw])
            np.testing.assert_allclose(
                curves[name].sel({dim: label}), summarise(np.array(weights)), atol=1e-12
            )
    assert list(curves["statistic"].values) == list(STATISTICS)
    assert len(built.samples) == CHAINS * DRAWS


def test_a_model_without_its_own_mediation_curve_has_none(build: Callable[..., Built]) -> None:
    for name in ("direct", "full_mediation"):
        built = build(name)
        assert set(adstock_curves(world(built.model, built.design, built.draws))) == {"weight"}
