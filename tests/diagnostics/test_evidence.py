import numpy as np
import pytest
import xarray as xr

from mmm_bayes.diagnostics import channel_evidence

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
def by_channel():
    grid = (np.arange(1000) + 0.5) / 1000
    # indirect: no path; -0.4% to 0.6% around zero; 3% to 5%; no path
    indirect = np.column_stack([0 * grid, -0.01 + 0.02 * grid, 0.03 + 0.02 * grid, 0 * grid])
    total = np.column_stack([0.05 * grid, 0.1 + 0.1 * grid, 0.2 + 0.1 * grid, 0.3 + 0.1 * grid])
    return {
        evidence.channel: evidence
        for evidence in channel_evidence(*trees(indirect=indirect, total=total))
    }


def test_a_channel_without_a_path_has_no_verdict_on_mediation(by_channel):
    assert by_channel["tv"].p_indirect_positive is None
    assert by_channel["tv"].interval_contains_zero is None
    assert len(by_channel["tv"].message) == 1


def test_an_interval_around_zero_is_no_evidence_of_mediation(by_channel):
    evidence = by_channel["tiktok"]
    assert evidence.p_indirect_positive == pytest.approx(0.5)
    assert evidence.share_near_zero == pytest.approx(1.0)
    assert evidence.interval_contains_zero is True
    assert evidence.message[2] == (
        "The 90% interval of the indirect effect of tiktok (-0.9% to 0.9% of the outcome) "
        "contains 0: this table gives no evidence of mediation."
    )


def test_a_positive_prior_limits_what_an_interval_beyond_zero_shows(by_channel):
    evidence = by_channel["facebook"]
    assert (evidence.p_indirect_positive, evidence.share_near_zero) == (1.0, 0.0)
    assert evidence.interval_contains_zero is False
    message = evidence.message[2]
    assert "(3.1% to 4.9% of the outcome) is above 0: facebook raises the mediator" in message
    assert "how large the indirect effect is, not whether there is one" in message
    assert not any("P(indirect" in sentence for sentence in evidence.message)  # the prior fixes it
    assert "excludes" not in " ".join(evidence.message)


@pytest.mark.parametrize("lowest, free", [(-0.1, True), (0.0, False)])
def test_the_sentence_depends_on_the_sign_that_the_prior_allows(lowest, free):
    """With effects free in sign, the data decide on the mediator's effect too."""
    shares = np.tile(np.linspace(0.03, 0.05, 50)[:, None], (1, 4))
    tree, effects = trees(indirect=shares, total=shares)
    tree.attrs["mediator"] = "google"
    before = np.full((1, 20, 1, 4), 5.0)
    before[0, 7, 0, 3] = lowest
    effects["prior"] = xr.DataTree(
        xr.Dataset({"total": (("chain", "draw", "unit", "channel"), before)}, {"channel": CHANNELS})
    )
    message = next(
        evidence.message[2]
        for evidence in channel_evidence(tree, effects)
        if evidence.channel == "facebook"
    )
    assert ("excludes 0: through the mediator, facebook raises the outcome" in message) is free
    assert ("The prior assumes that the mediator raises the outcome" in message) is not free


def test_total_effects_are_qualified(by_channel):
    assert by_channel["tv"].total_compatible_with_zero
    assert by_channel["tv"].total_near_zero == pytest.approx(0.2)
    assert "is compatible with no effect" in by_channel["tv"].message[0]
    assert not by_channel["tv"].never_off
    assert by_channel["google"].never_off
    assert "no week without it" in by_channel["google"].message[1]
    assert {name for name, evidence in by_channel.items() if evidence.prior_driven} == {"google"}
    assert by_channel["google"].leaning == by_channel["google"].message[2:]
    assert "google's total effect (sensitivity 0.20 to the prior" in by_channel["google"].leaning[0]
    assert (
        "tiktok's direct effect (sensitivity 0.10 to the prior, 0.02"
        in by_channel["tiktok"].message[-1]
    )


def test_evidence_of_a_panel_is_on_the_sum_over_units():
    shares = np.full((100, 4), 0.25)
    units = ("north", "south", "all")
    for evidence in channel_evidence(*trees(indirect=shares, total=shares, units=units)):
        assert "25.0% to 25.0%" in evidence.message[0]


def test_effects_on_a_profit_around_zero_are_shares_of_its_absolute_sum():
    grid = (np.arange(1000) + 0.5) / 1000
    effects = np.column_stack([0.05 + 0.1 * grid] * 4)
    tree, drawn = trees(indirect=effects, total=effects)
    tree["observed_data"]["outcome"].values[::2] *= -1.2
    (tv, *_) = channel_evidence(tree, drawn)
    # 100 units of effect, of 5 weeks of -120 and 5 of 100
    low, high = 1000 * np.quantile(effects[:, 0], [0.05, 0.95]) / 1100
    whole = "the outcome (sum of absolute values)"
    assert tv.message[0] == f"In total it made {low:.1%} to {high:.1%} of {whole} (90%)."
    assert "is above 0: tv raises the mediator" in tv.message[1]
