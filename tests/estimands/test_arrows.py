"""The arrows of the causal graph are those of the model, with its effects."""

import numpy as np
import pytest

from mmm_bayes.estimands.arrows import causal_arrows


@pytest.fixture(scope="module")
def posterior(mediated):
    return mediated.posterior_tree()["posterior"].to_dataset()


@pytest.fixture(scope="module")
def direct(mediated):
    return mediated.effects_tree()["draws"]["direct"]


def test_the_graph_has_the_arrows_of_the_model(posterior, direct, mediated):
    total = float(mediated.observed.sum())
    arrows = causal_arrows(posterior, direct, total, "google").set_index(["source", "target"])
    assert set(arrows.index) == {(name, "") for name in mediated.coords["channel"]} | {
        ("facebook", "google"), ("tiktok", "google"),
    }  # fmt: skip
    assert not arrows.loc[("facebook", "google"), "contains_zero"]
    assert arrows.loc[("tiktok", "google"), "contains_zero"]
    gamma = posterior["gamma"].sel(cause="facebook").values
    lower = arrows.loc[("facebook", "google"), "lower"]
    assert lower == pytest.approx(100 * np.quantile(gamma, 0.05))
    share = 100 * direct.sel(channel="tv").values / total
    assert arrows.loc[("tv", ""), "mean"] == pytest.approx(share.mean())


def test_an_effect_fixed_at_zero_has_no_arrow(posterior, direct):
    causes = posterior["channel"].isin(["facebook", "tiktok"])
    fixed = posterior.assign(beta=posterior["beta"].where(~causes, 0.0))
    arrows = causal_arrows(fixed, direct, 1.0, "google")
    assert set(arrows.loc[arrows["target"] == "", "source"]) == {"google", "tv"}


def test_a_hurdle_mediator_has_two_effects_an_arrow(posterior, direct):
    hurdle = posterior.assign(gamma_on=posterior["gamma"] * 5)
    arrows = causal_arrows(hurdle, direct, 1.0, "google")
    facebook = arrows[(arrows["source"] == "facebook") & (arrows["target"] == "google")]
    assert list(facebook["quantity"]) == ["when on", "odds of being on"]
    gamma = posterior["gamma"].sel(cause="facebook").values
    assert facebook["mean"].iloc[0] == pytest.approx(100 * (np.exp(gamma) - 1).mean())
