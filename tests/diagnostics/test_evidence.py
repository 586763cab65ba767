import numpy as np
import pytest
import xarray as xr

from mmm_bayes.diagnostics import evidence

CHANNELS = ["tv", "tiktok", "facebook", "google"]
SUMMED = 1000.0


def trees(*, indirect, total, units=("all",)):
    """Effects with given draws (draw, channel) in shares of the outcome, and the fit's tree."""
    dims = ("chain", "draw", "unit", "channel")
    coords = {"unit": list(units), "channel": CHANNELS}

    def labelled(values):  # the units before the last hold nonsense
        each = [values * SUMMED if unit == units[-1] else values + 1e9 for unit in units]
        return (dims, np.stack(each, axis=1)[None])

    # Google's total is the prior's; nobody knows of tiktok's direct effect.
    moves = np.full((2, 3, 4), 0.1)
    moves[:, 0, 3], moves[1, 1, 1], moves[:, 2, [0, 3]] = (0.2, 0.06), 0.02, np.nan
    sensitivity = xr.Dataset(
        {"sensitivity": (("component", "effect", "channel"), moves)},
        {"component": ["prior", "likelihood"], "effect": ["total", "direct", "indirect"],
         "channel": CHANNELS},
    )  # fmt: skip
    effects = xr.DataTree.from_dict(
        {
            "draws": xr.Dataset({"indirect": labelled(indirect), "total": labelled(total)}, coords),
            "sensitivity": sensitivity,
        }
    )
    spend = np.ones((10, 1, 4))
    spend[3, 0, 0] = 0.0
    tree = xr.DataTree.from_dict(
        {
            "observed_data": xr.Dataset({"outcome": (("time", "unit"), np.full((10, 1), 100.0))}),
            "constant_data": xr.Dataset({"exposure": (("time", "unit", "channel"), spend)},
                                        {"channel": CHANNELS}),
        }
    )  # fmt: skip
    return tree, effects


@pytest.fixture
def found():
    grid = (np.arange(1000) + 0.5) / 1000
    # indirect: no path; -0.4% to 0.6% around zero; 3% to 5%; no path
    indirect = np.column_stack([0 * grid, -0.01 + 0.02 * grid, 0.03 + 0.02 * grid, 0 * grid])
    total = np.column_stack([0.05 * grid, 0.1 + 0.1 * grid, 0.2 + 0.1 * grid, 0.3 + 0.1 * grid])
    return {one.channel: one for one in evidence(*trees(indirect=indirect, total=total))}


def test_a_channel_without_a_path_has_no_verdict_on_mediation(found):
    assert found["tv"].p_indirect_positive is None
    assert found["tv"].interval_contains_zero is None
    assert len(found["tv"].says) == 1


def test_an_interval_around_zero_is_no_evidence_of_mediation(found):
    one = found["tiktok"]
    assert one.p_indirect_positive == pytest.approx(0.5)
    assert one.share_near_zero == pytest.approx(1.0)
    assert one.interval_contains_zero is True
    assert one.says[2] == (
        "The 90% interval of the indirect effect of tiktok (-0.9% to 0.9% of the outcome) "
        "contains 0: this table gives no evidence of mediation."
    )


def test_an_interval_beyond_zero_does_not_say_more_than_its_prior_lets_it(found):
    one = found["facebook"]
    assert (one.p_indirect_positive, one.share_near_zero) == (1.0, 0.0)
    assert one.interval_contains_zero is False
    says = one.says[2]
    assert "(3.1% to 4.9% of the outcome) is above 0: facebook raises the mediator" in says
    assert "how large the effect is, not whether there is one" in says
    assert not any("P(indirect" in each for each in one.says)  # of which the prior is sure
    assert "excludes" not in " ".join(one.says)


@pytest.mark.parametrize("lowest, free", [(-0.1, True), (0.0, False)])
def test_it_is_the_prior_that_was_used_which_decides(lowest, free):
    """With effects free in sign, the second step is the data's to show as well."""
    shares = np.tile(np.linspace(0.03, 0.05, 50)[:, None], (1, 4))
    tree, effects = trees(indirect=shares, total=shares)
    tree.attrs["mediator"] = "google"
    before = np.full((1, 20, 1, 4), 5.0)
    before[0, 7, 0, 3] = lowest
    effects["prior"] = xr.DataTree(
        xr.Dataset({"total": (("chain", "draw", "unit", "channel"), before)}, {"channel": CHANNELS})
    )
    says = next(one.says[2] for one in evidence(tree, effects) if one.channel == "facebook")
    assert ("excludes 0: through the mediator, facebook raises the outcome" in says) is free
    assert ("positive by prior" in says) is not free


def test_totals_say_what_they_rest_on(found):
    assert found["tv"].total_compatible_with_zero
    assert found["tv"].total_near_zero == pytest.approx(0.2)
    assert "cannot be told from no effect" in found["tv"].says[0]
    assert not found["tv"].never_off
    assert found["google"].never_off
    assert "no week without it" in found["google"].says[1]
    assert {name for name, one in found.items() if one.prior_driven} == {"google"}
    assert found["google"].leaning == found["google"].says[2:]
    assert "google's total effect (sensitivity 0.20 to the prior" in found["google"].leaning[0]
    assert "tiktok's direct effect (sensitivity 0.10 to the prior, 0.02" in found["tiktok"].says[-1]


def test_a_panel_is_judged_by_its_sum():
    shares = np.full((100, 4), 0.25)
    for one in evidence(*trees(indirect=shares, total=shares, units=("north", "south", "all"))):
        assert "25.0% to 25.0%" in one.says[0]
