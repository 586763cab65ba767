"""Controls that media move are named; those that only share a calendar or a plan are not."""

import numpy as np
import pytest

from mmm_bayes.data import load, profile
from mmm_bayes.data.moved_controls import moving_channels, moving_together
from mmm_bayes.studies.simulate import save, simulate

WEEKS = 156
CALENDAR = np.stack(
    [f(2 * np.pi * np.arange(WEEKS) / 52.18) for f in (np.sin, np.cos)], axis=-1
)[:, None]  # fmt: skip


def spends(seed):
    """Log-normal spends without memory, shape (time, unit, channel)."""
    return np.exp(0.6 * np.random.default_rng(seed).normal(size=(WEEKS, 1, 3)))


def delayed(spend):
    """Spend of the two weeks before, by a loop."""
    moved = np.zeros(WEEKS)
    for week in range(2, WEEKS):
        moved[week] = spend[week - 1] + 0.5 * spend[week - 2]
    return moved[:, None]


@pytest.mark.parametrize("channel", [0, 2])
def test_a_control_that_follows_a_channel_is_named(channel):
    media = spends(1)
    noise = np.random.default_rng(2).normal(size=(WEEKS, 1))
    control = delayed(media[:, 0, channel]) + 0.5 * noise
    assert moving_channels(control, media, CALENDAR) == [channel]


def test_spend_that_follows_the_control_does_not_name_it():
    media = spends(3)
    noise = np.random.default_rng(4).normal(size=(WEEKS, 1))
    control = delayed(media[::-1, 0, 0])[::-1] + 0.5 * noise
    assert moving_channels(control, media, CALENDAR) == []


def test_a_set_control_that_is_planned_with_a_channel_is_not_named():
    media = spends(5)
    promotion = (np.random.default_rng(6).random((WEEKS, 1)) < 0.2).astype(float)
    media[..., 0] *= 1 + 2 * promotion
    assert moving_channels(promotion, media, CALENDAR) == []
    assert moving_together(promotion, media, CALENDAR) == []


def test_a_measured_control_that_moves_with_one_channel_within_the_week_is_named():
    media = spends(7)
    noise = np.random.default_rng(8).normal(size=(WEEKS, 1))
    assert moving_together(media[..., 1] + 0.3 * noise, media, CALENDAR) == [1]
    assert moving_together(noise, media, CALENDAR) == []


@pytest.mark.parametrize(
    "control",
    [np.full((WEEKS, 1), np.log(3.0)), 1e6 + 3 * CALENDAR[..., 0], np.zeros((WEEKS, 1))],
    ids=["constant", "calendar", "zero"],
)
def test_what_is_left_by_rounding_names_no_channel(control):
    for seed in range(20):
        media = spends(seed)
        media[:-3, :, 1] = 0.0
        assert moving_channels(control, media, CALENDAR) == []
        assert moving_together(control, media, CALENDAR) == []


def test_the_profile_says_what_the_control_takes_away(tmp_path):
    market = simulate("mediated", seed=3)
    spend = market.table["facebook_spend"]
    noise = np.random.default_rng(9).normal(size=len(spend))
    market.table["visits"] = (100 + spend + 0.2 * spend.std() * noise).round(2)
    _, description, _ = save(market, tmp_path / "market.csv")
    text = description.read_text().replace(
        "[calendar]", '[controls.visits]\ncolumn = "visits"\n\n[calendar]'
    )
    description.write_text(text)
    found = profile(load(description)).warnings
    (sentence,) = [warning for warning in found if "a control" in warning]
    assert sentence.startswith("visits, a control, moves with or after ")
    assert "facebook" in sentence
    assert "as a control it takes that part of the channels' effects away" in sentence
