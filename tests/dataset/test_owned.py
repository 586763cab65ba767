"""Channels that cost nothing: read, profiled, and kept out of whatever is about money."""

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from mmm_bayes.dataset import load, profile, show
from mmm_bayes.errors import InputError


@pytest.fixture
def owned(market):
    emails = np.random.default_rng(4).poisson(300, 60) * (np.arange(60) % 3 > 0)
    market.table["emails_sent"] = emails
    market.description["channels"]["email"] = {"exposure": "emails_sent", "role": "owned"}
    return market


def test_it_has_an_exposure_and_no_spend(owned):
    found = owned.load()
    assert found.paid == ("social", "search")
    email = found.data.sel(channel="email", unit="all")
    np.testing.assert_array_equal(email["exposure"], owned.table["emails_sent"])
    assert (email["spend"] == 0).all()
    np.testing.assert_array_equal(
        found.data["spend"].sel(channel="search")[:, 0], owned.table["search_spend"]
    )
    assert email["role"].item() == "owned"


def test_its_profile_is_of_its_exposure(owned):
    found = profile(owned.load())
    email, sent = found.channels.loc["email"], owned.table["emails_sent"]
    assert email["zero_share"] == pytest.approx((sent == 0).mean())
    assert email["mean_on"] == pytest.approx(sent[sent > 0].mean())
    assert np.isnan(email["total"])
    assert np.isnan(email["share"])
    assert not email["paid"]
    assert found.channels["share"].sum() == pytest.approx(1)
    assert not any("never off" in says for says in found.warnings)
    assert found.notes == ("no spend: email; such a channel has an effect and no return on money.",)
    owned.table["emails_sent"] += 1
    assert any("never off: email;" in says for says in profile(owned.load()).warnings)


def test_a_market_in_which_nothing_is_paid(owned):
    owned.description["channels"] = {"email": owned.description["channels"]["email"]}
    del owned.description["mediation"]
    found = profile(owned.load())
    assert np.isnan(found.channels["share"]).all()
    console = Console(width=100, quiet=False)
    with console.capture() as capture:
        show(found, console)
    (row,) = (line for line in capture.get().splitlines() if "owned" in line)
    assert row.split()[:2] + row.split()[3:5] == ["email", "owned", "-", "-"]


def test_a_lift_test_of_it_is_refused(owned):
    tests = pd.DataFrame(
        {
            "channel": ["search", "email"],
            "start": ["2023-03-05", "2023-06-04"],
            "end": ["2023-03-26", "2023-06-04"],
            "spend_change": [500.0, 40.0],
            "lift": [900.0, 3.5],
            "standard_error": [200.0, 10.0],
        }
    )
    tests.to_csv(owned.folder / "lift_tests.csv", index=False)
    owned.description["experiments"] = {"file": "lift_tests.csv"}
    with pytest.raises(
        InputError,
        match="column 'channel' has 'email' in row 3, a channel without spend, and a lift",
    ):
        load(owned.write())


def test_an_owned_channel_may_be_the_mediator(owned):
    """Searches that cost nothing are raised by advertising as those that are paid for."""
    owned.description["mediation"] = {"mediator": "email", "causes": ["social"]}
    found = profile(owned.load())
    assert any("email, the mediator, is off in 33% of rows" in says for says in found.warnings)
    assert set(found.mediation) == {"social"}
