"""The check of what a mediator's effect owes to unseen demand, on posteriors that are known."""

import numpy as np
import pytest
import xarray as xr

from mmm_bayes.diagnostics.demand import demand_checks, effect_at

RNG = np.random.default_rng(0)
DRAWS = 4000


def fit(
    slope: float, *, mediator: str = "search", demand: bool = True
) -> tuple[xr.DataTree, xr.Dataset]:
    """Strength uniform between 0 and 0.5; the mediator's effect falls from 100 by `slope` of it."""
    rho = RNG.uniform(0.0, 0.5, DRAWS)
    noise = RNG.normal(0.0, 5.0, DRAWS)
    search = 100.0 - slope * rho + noise
    values = np.stack([np.full(DRAWS, 7.0), search], -1)[None, :, None]
    dims = ("chain", "draw", "unit", "channel")
    total = xr.DataArray(
        np.concatenate([values / 2, values], axis=2), dims=dims,
        coords={"unit": ["north", "all"], "channel": ["tv", "search"]},
    )  # fmt: skip
    posterior = xr.Dataset({"rho": (("chain", "draw"), rho[None])} if demand else {"a": 1.0})
    observed = xr.Dataset(
        {name: (("time", "unit"), np.ones((3, 1))) for name in ("outcome", "mediator")}
    )
    tree = xr.DataTree.from_dict({"posterior": posterior, "observed_data": observed})
    tree.attrs = {"mediator": mediator, "outcome": "sales"}
    return tree, xr.Dataset({"total": total})


@pytest.mark.parametrize("slope, status", [(0.0, "pass"), (80.0, "pass"), (160.0, "warn")])
def test_the_effect_is_told_at_both_ends_of_the_strength(slope: float, status: str) -> None:
    (check,) = demand_checks(*fit(slope))
    weak, strong = 100 - slope * 0.025, 100 - slope * 0.475
    assert check.value == pytest.approx(weak / strong, rel=0.05)
    assert (check.group, check.name, check.status) == ("demand", "search", status)
    assert "of what is left unexplained of both search and sales" in check.message
    assert ("a lift test of its own would tell" in check.message) == (status == "warn")


def test_an_effect_that_changes_its_sign_hangs_on_demand() -> None:
    (check,) = demand_checks(*fit(300.0))
    assert (check.value, check.status) == (np.inf, "warn")


def test_a_fit_that_assumes_no_demand_says_so() -> None:
    (check,) = demand_checks(*fit(0.0, demand=False))
    assert check.status == "warn"
    assert check.message.startswith("This fit assumes that no unseen demand moves both search and")


def test_without_a_mediator_there_is_nothing_to_say() -> None:
    assert demand_checks(*fit(0.0, mediator="")) == []


def test_the_regression_is_that_of_a_bent_line() -> None:
    strength = RNG.uniform(0.0, 1.0, 20_000)
    effect = np.exp(-2 * strength) + RNG.normal(0.0, 0.05, strength.size)
    at = np.array([0.05, 0.5, 0.95])
    np.testing.assert_allclose(effect_at(effect, strength, at), np.exp(-2 * at), atol=0.02)
