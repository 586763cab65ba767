"""Whether a described table can be fitted at all: found by building a model, without sampling."""

from pathlib import Path

import pytest
from builds import dataset

from mmm_bayes.errors import InputError
from mmm_bayes.inference.trial import check_buildable


def test_a_prior_of_one_member_only_is_accepted(tmp_path: Path) -> None:
    spread = {"beta_spread": {"dist": "HalfNormal", "sigma": 0.1}}
    check_buildable(dataset(tmp_path / "panel", units=2, priors=spread))
    with pytest.raises(InputError, match=r"\[priors\] beta_spread is not a parameter"):
        check_buildable(dataset(tmp_path / "single", mediators=None, priors=spread))


def test_an_impossible_prior_is_refused(tmp_path: Path) -> None:
    prior = {"beta": {"dist": "HalfNormal", "sigma": -1.0}}
    with pytest.raises(InputError, match=r"\[priors\] beta: HalfNormal needs sigma > 0"):
        check_buildable(dataset(tmp_path, mediators=None, priors=prior))


def test_a_start_that_is_not_finite_names_the_variable(tmp_path: Path) -> None:
    """The sampler's jitter of the initial point has no density under so narrow a prior."""
    prior = {"intercept": {"dist": "Normal", "mu": 1.0, "sigma": 1e-200}}
    with pytest.raises(InputError, match=r"cannot start.*log-density of intercept is not finite"):
        check_buildable(dataset(tmp_path, mediators=None, priors=prior))
