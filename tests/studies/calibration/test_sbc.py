"""The check of calibration must pass the right model and catch a broken one."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from builds import dataset

from mmm_bayes.data.design import Design, make_design
from mmm_bayes.inference.sampling import (
    CompiledModel,
    Settings,
    compile_model,
    prior_draws,
)
from mmm_bayes.model.family import load_member, models_folder
from mmm_bayes.studies.calibration import sbc
from mmm_bayes.studies.calibration.pit import calibration_verdict, summarise_ranks
from mmm_bayes.studies.calibration.sbc import ranks

pytestmark = pytest.mark.slow

SIMULATIONS = 30
SETTINGS = Settings(draws=300, tune=300, chains=2)
#: Little noise, so that a short table tells a right model from a wrong one.
PRIORS = {
    name: {"dist": "HalfNormal", "sigma": 0.02} for name in ("sigma", "mediator_sigma")
} | {
    name: {"dist": "Normal", "mu": mean, "sigma": 0.05}
    for name, mean in (
        ("covariate_effect", 0.0), ("mediator_covariate_effect", 0.0), ("mediator_intercept", 1.0),
    )
}  # fmt: skip

OFF_BY_ONE = (
    "media = terms.saturated_media(design)",
    """from mmm_bayes.model.transforms.adstock import geometric
        from mmm_bayes.model.transforms.adstock import carry_over
        from mmm_bayes.model.transforms.saturation import hill
        names = ("adstock_alpha", "saturation_kappa", "saturation_slope")
        alpha, kappa, slope = (terms.prior(design, name, dims="channel") for name in names)
        lags = model["exposure_lags"][:, :, :, 1:]
        weights = geometric.weights(alpha, design.form.max_lag - 1)
        media = hill.curve(carry_over(lags, weights), kappa, slope)""",
)
WRONG_PRIOR = (
    'beta = terms.prior(design, "beta", dims="channel")',
    'beta = pm.HalfNormal("beta", 0.004, dims="channel")',
)
NO_PATH = ("terms.mediator(design, path)", "terms.mediator(design, 0.0 * path)")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Design:
    return make_design(dataset(tmp_path_factory.mktemp("table"), priors=PRIORS))


@pytest.fixture(scope="module")
def calibrated(
    reference: Design, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., pd.DataFrame]:
    """The summary of a calibration of partial_mediation with some of its text replaced."""

    def run(*changes: tuple[str, str]) -> pd.DataFrame:
        source = (models_folder() / "partial_mediation.py").read_text(encoding="utf-8")
        for old, new in changes:
            assert old in source
            source = source.replace(old, new)
        path = tmp_path_factory.mktemp("model") / "planted.py"
        path.write_text(source, encoding="utf-8")
        compiled = compile_model(load_member(str(path)), reference)
        frames = ranks("partial_mediation", compiled, reference, SIMULATIONS, settings=SETTINGS)
        return summarise_ranks(pd.concat(list(frames)))

    return run


def test_the_right_model_passes(calibrated: Callable[..., pd.DataFrame]) -> None:
    table = calibrated()
    passed, message = calibration_verdict(table)
    assert passed, message
    assert (table["simulations"] == SIMULATIONS).all()
    assert 0.85 < table["coverage_90"].mean() < 0.95


def test_carryover_that_is_off_by_one_is_caught(calibrated: Callable[..., pd.DataFrame]) -> None:
    table = calibrated(OFF_BY_ONE)
    outside = set(table.loc[~table["inside_band"], "quantity"])
    assert not calibration_verdict(table)[0]
    assert {"total[social]", "beta[tv]"} <= outside


def test_a_wrong_prior_is_caught(calibrated: Callable[..., pd.DataFrame]) -> None:
    table = calibrated(WRONG_PRIOR)
    outside = set(table.loc[~table["inside_band"], "quantity"])
    assert not calibration_verdict(table)[0]
    assert {"beta[social]", "beta[tv]"} <= outside


def test_draws_of_the_prior_in_place_of_the_posterior_are_caught(
    reference: Design, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They agree with the truth in every quantity that does not depend on the data."""
    model = load_member("partial_mediation").build(reference)
    compiled = CompiledModel(model, None, 0.0)

    def ignore_the_data(
        compiled: CompiledModel, design: Design, settings: Settings, **_: object
    ) -> xr.DataTree:
        draws = prior_draws(compiled, settings.draws, settings.seed + 10_000)
        none = xr.Dataset({"diverging": (("chain", "draw"), np.zeros((1, settings.draws), bool))})
        return xr.DataTree.from_dict({"posterior": draws, "sample_stats": none})

    monkeypatch.setattr(sbc, "sample", ignore_the_data)
    frames = ranks("partial_mediation", compiled, reference, 40, settings=SETTINGS)
    table = summarise_ranks(pd.concat(list(frames)))
    outside = set(table.loc[~table["inside_band"], "quantity"])
    assert not calibration_verdict(table)[0]
    assert "log_likelihood[outcome]" in outside
    assert not {"beta[tv]", "media_share", "gamma[social]", "total[social]"} & outside


def test_a_missing_mediated_path_is_caught(calibrated: Callable[..., pd.DataFrame]) -> None:
    table = calibrated(NO_PATH)
    outside = set(table.loc[~table["inside_band"], "quantity"])
    assert not calibration_verdict(table)[0]
    assert {"indirect[social]", "indirect[video]"} <= outside
