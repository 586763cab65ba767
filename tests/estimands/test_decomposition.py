"""The decomposition adds up to the expected outcome and counts nothing twice."""

import numpy as np
import xarray as xr

from mmm_bayes.estimands.decomposition import THROUGH, decompose_outcome


def decomposed(market):
    """The decomposition of a market, and its expected outcome."""
    tree, weekly = market.posterior_tree(), market.effects_tree()["weekly"].to_dataset()
    weekly = weekly.sel(statistic="mean").sum("unit")
    location = tree["posterior"]["outcome_location"].mean(("chain", "draw")).sum("unit")
    stack = decompose_outcome(weekly["baseline"], weekly, location, mediator=tree.attrs["mediator"])
    return stack, location


def test_the_parts_add_up_to_the_expected_outcome(mediated, panel):
    for market in (mediated, panel):
        stack, location = decomposed(market)
        np.testing.assert_allclose(stack.sum("part"), location.transpose(*stack.dims[1:]))


def test_the_part_through_the_mediator_is_taken_from_the_mediator(mediated):
    stack, _ = decomposed(mediated)
    weekly = mediated.weekly.mean(("chain", "draw")).sum("unit")
    np.testing.assert_allclose(stack.sel(part="facebook"), weekly["direct"].sel(channel="facebook"))
    split = stack.sel(part="google") + stack.sel(part=THROUGH)
    np.testing.assert_allclose(split, weekly["total"].sel(channel="google"))
    raised = weekly["indirect"].sum("channel").clip(min=0, max=split)
    np.testing.assert_allclose(stack.sel(part=THROUGH), raised)


def test_negative_mediation_is_a_part_of_zero():
    coords = {"time": [0, 1], "channel": ["tv", "google"]}
    ones = xr.DataArray(np.ones((2, 2)), dims=("time", "channel"), coords=coords)
    weekly = xr.Dataset({"direct": ones, "indirect": -ones, "total": ones})
    baseline = xr.DataArray([5.0, 5.0], dims="time", coords={"time": [0, 1]})
    stack = decompose_outcome(baseline, weekly, baseline + 2, mediator="google")
    assert (stack.sel(part=THROUGH) == 0).all()
    np.testing.assert_allclose(stack.sum("part"), 7)


def test_multiplying_effects_are_shared_out_in_proportion():
    coords = {"time": [0], "channel": ["tv", "radio"]}
    direct = xr.DataArray([[3.0, 1.0]], dims=("time", "channel"), coords=coords)
    weekly = xr.Dataset({"direct": direct, "indirect": 0 * direct, "total": direct})
    baseline = xr.DataArray([5.0], dims="time", coords={"time": [0]})
    stack = decompose_outcome(baseline, weekly, baseline + 2)
    assert stack.values.ravel().tolist() == [5.0, 1.5, 0.5]
