"""Prior predictive checks, on constructed tables and effects."""

import json
import re

import numpy as np
import pytest
import xarray as xr
from places import DATA

from mmm_bayes.diagnostics.prior import conflict_check, prior_checks, prior_predictive
from mmm_bayes.errors import InputError

CHANNELS = ["tv", "tiktok"]
WEEKS, DRAWS = 40, 500
SAMPLE = ("chain", "draw")
LEVEL = 200_000.0
TABLES = DATA


def imply(*, level=1.0, spread=0.3, shares=(0.1, 0.1), spends=(10_000.0, 8_000.0), link="identity"):
    """Prior tables around `level` times the observed, half-normal shares, and the observed table.

    Parameters are multiples: sds of the tables' level and of their weeks, and scales of the shares.
    """
    rng = np.random.default_rng(1)
    season = 0.2 * np.sin(np.arange(WEEKS))
    observed = LEVEL * np.exp(season)
    centre = rng.normal(0 if link == "log" else 1, level, (1, DRAWS, 1, 1))
    weeks = spread * rng.standard_normal((1, DRAWS, WEEKS, 1))
    tables = LEVEL * (np.exp(centre + weeks) if link == "log" else centre + weeks)
    spend = np.full((WEEKS, 1, 2), spends)
    tree = xr.DataTree.from_dict(
        {
            "prior_predictive": xr.Dataset({"outcome": ((*SAMPLE, "time", "unit"), tables)}),
            "observed_data": xr.Dataset({"outcome": (("time", "unit"), observed[:, None])}),
            "constant_data": xr.Dataset({"spend": (("time", "unit", "channel"), spend)}),
        }
    )
    tree.attrs = {"link": link}
    dims = (*SAMPLE, "unit", "channel")
    direct = observed.sum() * np.abs(rng.standard_normal((1, DRAWS, 1, 2))) * shares
    money = np.where(np.array(spends) > 0, np.array(spends) * WEEKS, np.nan)
    effects = xr.Dataset(
        {"direct": (dims, direct), "roas": (dims, direct / money)},
        {"unit": ["all"], "channel": CHANNELS},
    )
    return tree, effects.assign(together=effects["direct"].sum("channel"))


def warned(implied, **options):
    return {c.name: c.message for c in prior_checks(implied, **options) if c.status != "pass"}


def test_the_numbers_are_quantiles_over_prior_draws():
    tree, effects = imply(level=0.2, spends=(10_000.0, 0.0))
    implied = prior_predictive(tree, effects)
    tables = tree["prior_predictive"]["outcome"].values[0, :, :, 0]
    observed = tree["observed_data"]["outcome"].values
    medians = np.median(tables, axis=1)
    assert implied.level.lower == pytest.approx(np.quantile(medians, 0.05))
    assert implied.spread.median == pytest.approx(np.median(tables.std(axis=1)))
    assert implied.observed_spread == pytest.approx(observed.std())
    assert implied.negative == (tables < 0).mean()
    shares = effects["direct"].values[0, :, 0] / observed.sum()
    assert implied.together.upper == pytest.approx(np.quantile(shares.sum(1), 0.95))
    assert implied.shares["tiktok"].median == pytest.approx(np.median(shares[:, 1]))
    assert set(implied.returns) == {"tv"}  # no money, no return
    assert implied.best_return == pytest.approx(observed.sum() / (WEEKS * 10_000))
    record = json.loads(json.dumps(implied.to_dict(), allow_nan=False))
    assert record["channels"][1]["roas"] is None
    assert record["draws"] == DRAWS


def test_sensible_priors_pass_under_both_links():
    for link in ("identity", "log"):
        implied = prior_predictive(*imply(level=0.2, link=link))
        assert warned(implied) == {}
        assert {c.group for c in prior_checks(implied)} == {"prior"}


def test_an_implausible_level_names_the_intercept():
    message = warned(prior_predictive(*imply(level=100.0)), outcome="sales")
    assert set(message) == {"level", "negative"}
    assert message["level"].startswith("According to the priors, the sales of a typical week is −")
    assert "narrow the prior of intercept" in message["level"]
    assert "log link" in message["negative"]
    assert set(warned(prior_predictive(*imply(level=3.0, link="log")))) == {"level"}


def test_a_table_that_goes_below_zero_may_have_such_a_prior():
    tree, effects = imply(level=2.0)
    tree["observed_data"]["outcome"].values[0] = -1.0
    assert "negative" not in {c.name for c in prior_checks(prior_predictive(tree, effects))}


def test_a_spread_is_judged_on_the_scale_on_which_effects_add():
    assert set(warned(prior_predictive(*imply(level=0.2, spread=30.0)))) >= {"spread"}
    wild = prior_predictive(*imply(level=0.2, spread=1.2, link="log"))
    assert wild.log
    assert wild.spread.median == pytest.approx(1.2, rel=0.05)
    assert "spread" not in warned(wild)
    tree, _ = imply(level=0.2, spread=1.2, link="log")
    plain = tree["prior_predictive"]["outcome"].values.std(axis=2)
    assert np.quantile(plain, 0.95) > 10 * wild.observed_spread  # dollars would have warned


def test_advertising_that_makes_everything_names_the_prior_of_all_media():
    message = warned(prior_predictive(*imply(level=0.2, shares=(5.0, 5.0))))
    assert set(message) >= {"together"}
    assert "narrow media_share (or beta)" in message["together"]


def test_a_channel_with_little_spend_has_an_implausible_prior_return():
    message = warned(prior_predictive(*imply(level=0.2, spends=(10_000.0, 20.0))))
    assert set(message) == {"returns"}
    assert "the return of tiktok (" in message["returns"]
    assert "tv" not in message["returns"]


def test_priors_that_overflow_warn_and_are_no_error():
    tree, effects = imply(level=0.2, link="log")
    tree["prior_predictive"]["outcome"].values[0, ::2] = np.inf
    effects["together"].values[0, ::2] = np.nan
    implied = prior_predictive(tree, effects)
    json.dumps(implied.to_dict(), allow_nan=False)
    assert set(warned(implied)) >= {"level", "together"}


@pytest.mark.parametrize(
    "priors, check, named",
    [
        ({"beta": {"dist": "HalfNormal", "sigma": 5.0}}, "together", "beta"),
        ({"intercept": {"dist": "Normal", "mu": 0.0, "sigma": 100.0}}, "level", "intercept"),
        ({}, None, None),
    ],
)
def test_a_planted_prior_is_named_and_the_default_ones_pass(tmp_path, priors, check, named):
    from builds import dataset

    from mmm_bayes.inference.prior_check import prior_check

    result = prior_check("partial_mediation", dataset(tmp_path, priors=priors).path)
    message = {c.name: c.message for c in result.checks if c.status != "pass"}
    if check is None:
        assert message == {}
    else:
        assert re.search(rf"narrow .*{named}", message[check])
        assert f"warn: {message[check]}" in " ".join(repr(result).split())
        prior = priors[named]
        parameters = {key: value for key, value in prior.items() if key != "dist"}
        assert result.priors[named] == (prior["dist"], parameters)
        arguments = ", ".join(f"{key} = {value:.3g}" for key, value in parameters.items())
        assert result.prior_text[named] == f"{prior['dist']}({arguments})"


def test_a_prior_check_draws_what_a_run_does(tmp_path):
    """Effects add up, and tables are of the same shape as the observed one."""
    from builds import dataset

    from mmm_bayes.inference.prior_check import prior_check

    result = prior_check("partial_mediation", dataset(tmp_path).path, draws=50)
    effects = result.effects
    np.testing.assert_allclose(effects["direct"] + effects["indirect"], effects["total"])
    simulated = result.draws["prior_predictive/outcome"]
    observed = result.draws["observed_data/outcome"]
    assert simulated.sizes == {"chain": 1, "draw": 50, **observed.sizes}
    assert set(result.draws["prior_predictive"].data_vars) == {"outcome", "mediator"}
    assert result.predictive.draws == 50
    priors = {"sigmas": {"dist": "HalfNormal", "sigma": 1.0}}
    path = dataset(tmp_path / "b", priors=priors).path
    with pytest.raises(InputError, match="not a parameter of this model"):
        prior_check("no_mediation", path)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(TABLES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_default_priors_pass_on_every_shipped_table(path):
    from mmm_bayes.inference.prior_check import prior_check

    checks = prior_check("partial_mediation", path).checks
    assert {c.name: c.message for c in checks if c.status != "pass"} == {}


def effects_of(direct, joint):
    """Effects of two channels and of both together, on a number of draws each."""
    coords = {"unit": ["all"], "channel": ["tv", "tiktok"]}
    dims = ("chain", "draw", "unit", "channel")
    return xr.Dataset(
        {"direct": (dims, direct[None, :, None, :]), "together": (dims[:3], joint[None, :, None])},
        coords=coords,
    )


@pytest.mark.parametrize(
    "scales, joint, named",
    [
        ((1.0, 1.0), 2.0, ()),
        ((30.0, 1.0), 2.0, ("the own effect of tv",)),
        ((1.0, 1.0), 80.0, ("the effect of all media together",)),
        ((1.0, 0.001), 2.0, ("the own effect of tiktok",)),
    ],
)
def test_an_effect_where_the_prior_hardly_allowed_it_is_named(scales, joint, named):
    rng = np.random.default_rng(4)
    before = np.exp(rng.normal(size=(2000, 2)))
    prior = effects_of(before, before.sum(1))
    after = np.array(scales) * np.exp(0.05 * rng.normal(size=(500, 2)))
    check = conflict_check(
        effects_of(after, joint * np.exp(0.05 * rng.normal(size=500))), prior, outcome="revenue"
    )
    assert check.status == ("warn" if named else "pass")
    for name in ("the own effect of tv", "the own effect of tiktok", "the effect of all media"):
        assert (name in check.message) == any(name in one for one in named)


def test_an_effect_that_is_absent_by_assumption_has_no_conflict():
    none = np.zeros((500, 2))
    check = conflict_check(
        effects_of(none, none[:, 0]), effects_of(none, none[:, 0]), outcome="revenue"
    )
    assert (check.status, check.value) == ("pass", 1.0)


def test_a_loss_has_no_shares_and_a_level_near_zero_is_judged_by_the_spread():
    tree, effects = imply(level=0.2)
    observed = tree["observed_data"]["outcome"].values
    observed -= 1.01 * np.median(observed)
    implied = prior_predictive(tree, effects)
    assert np.isnan(implied.together.median)
    assert implied.to_dict()["together"]["lower"] is None
    assert "together" not in {check.name for check in prior_checks(implied)}


def test_an_outcome_that_is_0_in_most_weeks_has_no_size_to_compare_with():
    tree, effects = imply(level=0.2)
    tree["observed_data"]["outcome"].values[:-2] = 0.0
    (level,) = (c for c in prior_checks(prior_predictive(tree, effects)) if c.name == "level")
    assert level.status == "warn"
    assert level.to_dict()["value"] is None
