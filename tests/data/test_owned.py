"""Channels without spend: read, profiled, and left out of everything that is about money."""

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from mmm_bayes.data import load, profile, show
from mmm_bayes.errors import InputError


@pytest.fixture
def owned(market):
    emails = np.random.default_rng(4).poisson(300, 60) * (np.arange(60) % 3 > 0)
    market.table["emails_sent"] = emails
    market.description["channels"]["email"] = {"exposure": "emails_sent", "role": "owned"}
    return market


def test_an_unpaid_channel_has_exposure_and_no_spend(owned):
    dataset = owned.load()
    assert dataset.paid == ("social", "search")
    email = dataset.data.sel(channel="email", unit="all")
    np.testing.assert_array_equal(email["exposure"], owned.table["emails_sent"])
    assert (email["spend"] == 0).all()
    np.testing.assert_array_equal(
        dataset.data["spend"].sel(channel="search")[:, 0], owned.table["search_spend"]
    )
    assert email["role"].item() == "owned"


def test_the_profile_of_an_unpaid_channel_is_of_its_exposure(owned):
    summary = profile(owned.load())
    email, sent = summary.channels.loc["email"], owned.table["emails_sent"]
    assert email["zero_share"] == pytest.approx((sent == 0).mean())
    assert email["mean_on"] == pytest.approx(sent[sent > 0].mean())
    assert np.isnan(email["total"])
    assert np.isnan(email["share"])
    assert not email["paid"]
    assert summary.channels["share"].sum() == pytest.approx(1)
    assert not any("never off" in message for message in summary.warnings)
    assert summary.notes == (
        "no spend: email; such a channel has an effect but no return on money.",
    )
    owned.table["emails_sent"] += 1
    assert any("never off: email;" in message for message in profile(owned.load()).warnings)


def test_a_market_without_paid_channels(owned):
    owned.description["channels"] = {"email": owned.description["channels"]["email"]}
    del owned.description["mediators"]
    summary = profile(owned.load())
    assert np.isnan(summary.channels["share"]).all()
    console = Console(width=100, quiet=False)
    with console.capture() as capture:
        show(summary, console)
    (row,) = (line for line in capture.get().splitlines() if "owned" in line)
    assert row.split()[:2] + row.split()[3:5] == ["email", "owned", "-", "-"]


def test_a_lift_test_of_an_unpaid_channel_is_refused(owned):
    tests = pd.DataFrame(
        {
            "channel": ["search", "email"],
            "start": ["2023-03-05", "2023-06-04"],
            "end": ["2023-03-26", "2023-06-04"],
            "spend_change": [500.0, 40.0],
            "lift": [900.0, 3.5],
            "standard_error": [200.0, 10.0],
            "source": ["independent", "independent"],
        }
    )
    tests.to_csv(owned.folder / "lift_tests.csv", index=False)
    owned.description["experiments"] = {"file": "lift_tests.csv"}
    with pytest.raises(
        InputError,
        match="column 'channel' has 'email' in row 3, a channel without spend, but a lift",
    ):
        load(owned.write())


def test_an_owned_channel_may_be_the_mediator(owned):
    """Organic search, too, may be raised by advertising."""
    owned.description["mediators"] = {"email": {"causes": ["social"]}}
    summary = profile(owned.load())
    assert any(
        "email, the mediator, is off in 33% of rows" in message for message in summary.warnings
    )
    assert set(summary.mediation) == {"social"}
