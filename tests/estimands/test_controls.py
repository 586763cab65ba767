"""Effects of controls against the model's equation with changed controls."""

from collections.abc import Callable

import numpy as np
import oracle
import pytest
from builds import Built, with_column

from mmm_bayes.data.design import arrange
from mmm_bayes.estimands import control_effects
from mmm_bayes.model.evaluation import flatten_draws


def percent(built: Built, sample: oracle.Sample, controls: np.ndarray) -> float:
    """Change of the outcome, in per cent, if the table's controls are replaced."""
    path = oracle.history(built)
    design = built.design
    changed_design = arrange(
        with_column(design.dataset, "controls", controls), design.form, design.scaling, design.weeks
    )
    fact = oracle.location_under(built, sample, path)
    changed = oracle.location_under(built, sample, path, changed_design.arrays["covariates"].values)
    if design.form.link == "log":
        ratio = changed / fact
        assert ratio.std() < 1e-9  # the same in every week
        return 100 * (ratio.mean() - 1)
    change = (changed - fact).sum(1) / oracle.outcome_mean(built).sum()
    assert change.std() < 1e-9
    return 100 * change.mean()


@pytest.mark.parametrize("kind", [{"units": 2}, {"link": "log", "units": 2}])
def test_control_effects_are_the_equations(
    build: Callable[..., Built], kind: dict[str, object]
) -> None:
    built = build("no_mediation", **kind)
    got = control_effects(built.design, built.draws)
    controls = built.design.dataset.data["controls"].values
    logs = np.log(controls[..., 0])
    spread = np.sqrt(np.mean((logs - logs.mean(0)) ** 2))
    for draw, sample in enumerate(built.samples):
        dearer, little, on, off = (controls.copy() for _ in range(4))
        dearer[..., 0] *= np.exp(spread)
        little[..., 0] *= 1 + 1e-6
        on[..., 1], off[..., 1] = 1.0, 0.0
        effect = flatten_draws(got["effect"])[draw, 0]
        assert effect == pytest.approx(percent(built, sample, dearer), rel=1e-7)
        elasticity = flatten_draws(got["elasticity"])[draw, 0]
        assert elasticity == pytest.approx(percent(built, sample, little) / 1e-4, rel=1e-4)
        lift = flatten_draws(got["lift"])[draw, 1]
        link = built.design.form.link
        path = oracle.history(built)
        locations = [
            oracle.location_under(
                built, sample, path,
                arrange(
                    with_column(built.design.dataset, "controls", table),
                    built.design.form,
                    built.design.scaling,
                ).arrays["covariates"].values,
            )
            for table in (on, off)
        ]  # fmt: skip
        if link == "log":
            expected = 100 * (locations[0] / locations[1] - 1)
        else:
            change = (locations[0] - locations[1]).sum(1)
            expected = 100 * change / oracle.outcome_mean(built).sum()
        np.testing.assert_allclose(expected, lift, rtol=1e-7)


def test_inapplicable_effects_are_missing(build: Callable[..., Built]) -> None:
    built = build("no_mediation", units=2)
    got = control_effects(built.design, built.draws)
    assert set(got) == {"effect", "elasticity", "lift"}
    assert got["effect"].notnull().all()
    assert got["elasticity"].sel(control="price").notnull().all()
    assert got["elasticity"].sel(control="promotion").isnull().all()
    assert got["lift"].sel(control="promotion").notnull().all()
    assert got["lift"].sel(control="price").isnull().all()
