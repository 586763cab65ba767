"""Effects of controls against the model's equation on a table with other controls."""

from collections.abc import Callable

import numpy as np
import oracle
import pytest
from builds import Built, with_column

from mmm_bayes.design import arrange
from mmm_bayes.estimands import control_effects
from mmm_bayes.evaluation import flat


def percent(built: Built, sample: oracle.Sample, controls: np.ndarray) -> float:
    """Change of the outcome, in per cent, when the table's controls become others."""
    path = oracle.history(built)
    design = built.design
    other = arrange(
        with_column(design.dataset, "controls", controls), design.form, design.scaling, design.weeks
    )
    fact = oracle.outcome_location(built, sample, path)
    changed = oracle.outcome_location(built, sample, path, other.arrays["covariates"].values)
    if design.form.link == "log":
        ratio = changed / fact
        assert ratio.std() < 1e-9  # the same in every week
        return 100 * (ratio.mean() - 1)
    change = (changed - fact) / oracle.outcome_scale(built)
    assert change.std() < 1e-9
    return 100 * change.mean()


@pytest.mark.parametrize("kind", [{"units": 2}, {"link": "log", "units": 2}])
def test_control_effects_are_the_equations(
    build: Callable[..., Built], kind: dict[str, object]
) -> None:
    built = build("direct", **kind)
    got = control_effects(built.design, built.draws)
    controls = built.design.dataset.data["controls"].values
    logs = np.log(controls[..., 0])
    spread = np.sqrt(np.mean((logs - logs.mean(0)) ** 2))
    for draw, sample in enumerate(built.samples):
        dearer, little, on, off = (controls.copy() for _ in range(4))
        dearer[..., 0] *= np.exp(spread)
        little[..., 0] *= 1 + 1e-6
        on[..., 1], off[..., 1] = 1.0, 0.0
        effect = flat(got["effect"])[draw, 0]
        assert effect == pytest.approx(percent(built, sample, dearer), rel=1e-7)
        elasticity = flat(got["elasticity"])[draw, 0]
        assert elasticity == pytest.approx(percent(built, sample, little) / 1e-4, rel=1e-4)
        lift = flat(got["lift"])[draw, 1]
        link = built.design.form.link
        path = oracle.history(built)
        locations = [
            oracle.outcome_location(
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
            expected = 100 * (locations[0] - locations[1]) / oracle.outcome_scale(built)
        np.testing.assert_allclose(expected, lift, rtol=1e-7)


def test_what_does_not_apply_is_missing(build: Callable[..., Built]) -> None:
    built = build("direct", units=2)
    got = control_effects(built.design, built.draws)
    assert set(got) == {"effect", "elasticity", "lift"}
    assert got["effect"].notnull().all()
    assert got["elasticity"].sel(control="price").notnull().all()
    assert got["elasticity"].sel(control="promotion").isnull().all()
    assert got["lift"].sel(control="promotion").notnull().all()
    assert got["lift"].sel(control="price").isnull().all()
