"""What priors imply, from tables and effects made by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from mmm_bayes.diagnostics.prior import prior_checks, prior_predictive
from mmm_bayes.errors import InputError

CHANNELS = ["tv", "tiktok"]
WEEKS, DRAWS = 40, 500
SAMPLE = ("chain", "draw")
LEVEL = 200_000.0
TABLES = Path(__file__).parents[2] / "data"


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
    made = observed.sum() * np.abs(rng.standard_normal((1, DRAWS, 1, 2))) * shares
    money = np.where(np.array(spends) > 0, np.array(spends) * WEEKS, np.nan)
    effects = xr.Dataset(
        {"direct": (dims, made), "roas": (dims, made / money)},
        {"unit": ["all"], "channel": CHANNELS},
    )
    return tree, effects.assign(together=effects["direct"].sum("channel"))


def warned(found, **options):
    return {c.name: c.says for c in prior_checks(found, **options) if c.status != "pass"}


def test_the_numbers_are_quantiles_of_what_was_made():
    tree, effects = imply(level=0.2, spends=(10_000.0, 0.0))
    found = prior_predictive(tree, effects)
    tables = tree["prior_predictive"]["outcome"].values[0, :, :, 0]
    observed = tree["observed_data"]["outcome"].values
    middle = np.median(tables, axis=1)
    assert found.level.lower == pytest.approx(np.quantile(middle, 0.05))
    assert found.spread.median == pytest.approx(np.median(tables.std(axis=1)))
    assert found.observed_spread == pytest.approx(observed.std())
    assert found.negative == (tables < 0).mean()
    shares = effects["direct"].values[0, :, 0] / observed.sum()
    assert found.together.upper == pytest.approx(np.quantile(shares.sum(1), 0.95))
    assert found.shares["tiktok"].median == pytest.approx(np.median(shares[:, 1]))
    assert set(found.returns) == {"tv"}  # no money, no return
    assert found.best_return == pytest.approx(observed.sum() / (WEEKS * 10_000))
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["channels"][1]["roas"] is None
    assert told["draws"] == DRAWS


def test_sensible_priors_pass_under_both_links():
    for link in ("identity", "log"):
        found = prior_predictive(*imply(level=0.2, link=link))
        assert warned(found) == {}
        assert {c.group for c in prior_checks(found)} == {"prior"}


def test_a_level_that_nobody_would_believe_names_the_intercept():
    says = warned(prior_predictive(*imply(level=100.0)), outcome="sales")
    assert set(says) == {"level", "negative"}
    assert says["level"].startswith("Before the data, the sales of a typical week is -")
    assert "narrow the prior of intercept" in says["level"]
    assert "log link" in says["negative"]
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


def test_advertising_that_makes_everything_names_beta():
    says = warned(prior_predictive(*imply(level=0.2, shares=(5.0, 5.0))))
    assert set(says) >= {"together"}
    assert "narrow the prior of beta" in says["together"]


def test_a_channel_with_little_spend_has_a_prior_return_that_nobody_believes():
    says = warned(prior_predictive(*imply(level=0.2, spends=(10_000.0, 20.0))))
    assert set(says) == {"returns"}
    assert "the return of tiktok (" in says["returns"]
    assert "tv" not in says["returns"]


def test_priors_that_overflow_are_absurd_and_no_error():
    tree, effects = imply(level=0.2, link="log")
    tree["prior_predictive"]["outcome"].values[0, ::2] = np.inf
    effects["together"].values[0, ::2] = np.nan
    found = prior_predictive(tree, effects)
    json.dumps(found.to_dict(), allow_nan=False)
    assert set(warned(found)) >= {"level", "together"}


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

    from mmm_bayes.prior_checking import prior_check

    found = prior_check("partial_mediation", dataset(tmp_path, priors=priors).path)
    says = {one.name: one.says for one in found.checks if one.status != "pass"}
    if check is None:
        assert says == {}
    else:
        assert f"narrow the prior of {named}" in says[check]
        assert f"warn: {says[check]}" in " ".join(repr(found).split())
        told = priors[named]
        given = {key: value for key, value in told.items() if key != "dist"}
        assert found.priors[named] == (told["dist"], given)
        written = ", ".join(f"{key} = {value:.3g}" for key, value in given.items())
        assert found.stated[named] == f"{told['dist']}({written})"


def test_a_prior_check_draws_what_a_run_does(tmp_path):
    """Effects add up, and tables are of the same shape as the observed one."""
    from builds import dataset

    from mmm_bayes.prior_checking import prior_check

    found = prior_check("partial_mediation", dataset(tmp_path).path, draws=50)
    effects = found.effects
    np.testing.assert_allclose(effects["direct"] + effects["indirect"], effects["total"])
    made, seen = found.draws["prior_predictive/outcome"], found.draws["observed_data/outcome"]
    assert made.sizes == {"chain": 1, "draw": 50, **seen.sizes}
    assert set(found.draws["prior_predictive"].data_vars) == {"outcome", "mediator"}
    assert found.found.draws == 50
    priors = {"sigmas": {"dist": "HalfNormal", "sigma": 1.0}}
    path = dataset(tmp_path / "b", priors=priors).path
    with pytest.raises(InputError, match="not a parameter of this model"):
        prior_check("direct", path)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(TABLES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_default_priors_pass_on_every_shipped_table(path):
    from mmm_bayes.prior_checking import prior_check

    checks = prior_check("partial_mediation", path).checks
    assert {one.name: one.says for one in checks if one.status != "pass"} == {}
