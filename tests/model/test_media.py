"""Responses and contributions of media, against explicit loops."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import oracle
import pymc as pm
import pytest
from builds import CHANNELS, Built

from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.media import Media, evaluate_media


def first_draw(built: Built) -> Media:
    """Media of the first draw alone, which is then also the posterior mean."""
    draws = built.draws.isel(chain=[0], draw=[0])
    media = evaluate_media(abduct(built.model, built.design, draws))
    assert media is not None
    return media


@pytest.mark.parametrize(
    "name, kind",
    [
        ("no_mediation", {"units": 2}),
        ("no_mediation", {"owned": True, "units": 2}),
        ("full_mediation", {"link": "log"}),
        ("partial_mediation", {"owned": True, "link": "log", "weeks": (2, 26)}),
        ("time_varying", {"weeks": (3, 26)}),
    ],
)
def test_contributions_are_the_loops(
    build: Callable[..., Built], name: str, kind: dict[str, object]
) -> None:
    """Also with interactions, and with time-varying effects."""
    built = build(name, **kind)
    sample = built.samples[0]
    contribution = first_draw(built).contribution.transpose("time", "unit", "channel").values
    shapes, shares = (
        oracle.shape_parameters(built, sample, mediation=False),
        oracle.shares(built, sample),
    )
    for channel, _ in enumerate(CHANNELS):
        expected = oracle.media(
            built,
            oracle.history(built),
            [shapes[channel]],
            [shares[channel]],
            [channel],
            oracle.effectiveness(built, sample),
        )
        np.testing.assert_allclose(
            contribution[..., channel] - shares[channel], expected, rtol=1e-6, atol=1e-9
        )


def test_a_panels_contributions_have_its_intensity(build: Callable[..., Built]) -> None:
    built = build("panel", units=2)
    contribution = first_draw(built).contribution
    first = built.draws.isel(chain=0, draw=0)
    share = first["unit_beta"].values * built.design.arrays["intensity"].values
    np.testing.assert_allclose(
        contribution.mean("time").transpose("unit", "channel"), share, rtol=1e-6
    )


def test_responses_include_time_varying_effectiveness(build: Callable[..., Built]) -> None:
    """In the outcome's equation, at every draw, but not in the mediator's."""
    built = build("time_varying")
    media = evaluate_media(abduct(built.model, built.design, built.draws))
    assert media is not None
    lags, path = built.design.form.max_lag, oracle.history(built)
    for sample, drawn, cause in zip(
        built.samples,
        media.responses["outcome"].stack(sample=("chain", "draw")).transpose("sample", ...).values,
        media.responses["mediator"].stack(sample=("chain", "draw")).transpose("sample", ...).values,
        strict=True,
    ):
        walk = oracle.effect_walk(built, sample)
        for channel, shape in enumerate(oracle.shape_parameters(built, sample, mediation=False)):
            expected = walk[:, channel] * oracle.response(path[:, 0, channel], *shape, lags)
            np.testing.assert_allclose(drawn[:, 0, channel], expected, rtol=1e-9)
        for k, shape in enumerate(oracle.shape_parameters(built, sample, mediation=True)):
            channel = CHANNELS.index(oracle.CAUSES[built.name][k])
            expected = oracle.response(path[:, 0, channel], *shape, lags)
            np.testing.assert_allclose(cause[:, 0, k], expected, rtol=1e-9)


def test_derivatives_are_finite_differences(build: Callable[..., Built]) -> None:
    built = build("no_mediation", link="log")
    media = first_draw(built)
    assert list(media.derivatives["parameter"].values) == [
        "adstock_alpha",
        "saturation_kappa",
        "saturation_slope",
    ]
    sample, lags = built.samples[0], built.design.form.max_lag
    path = oracle.history(built)
    for channel, shape in enumerate(oracle.shape_parameters(built, sample, mediation=False)):
        response = oracle.response(path[:, 0, channel], *shape, lags)
        scale = oracle.shares(built, sample)[channel] / np.mean(response)
        for k in range(3):
            stepped = [value * (1 + 1e-4 * (place == k)) for place, value in enumerate(shape)]
            stepped_response = oracle.response(path[:, 0, channel], *stepped, lags)
            expected = (np.array(stepped_response) - response) / 1e-4 * scale
            got = media.derivatives[k, :, 0, channel]
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-9)


def test_a_model_without_contribution_terms_has_no_media(
    build: Callable[..., Built],
) -> None:
    built = build("no_mediation")
    with pm.Model() as model:
        pm.Normal("effect")
    fitted = replace(abduct(built.model, built.design, built.draws), model=model)
    assert evaluate_media(fitted) is None
