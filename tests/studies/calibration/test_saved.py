"""Saved calibrations: each passes on its own ranks, and its ranks are those of today's model."""

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from places import RESULTS, load_script

from mmm_bayes.data import load
from mmm_bayes.data.design import make_design
from mmm_bayes.inference.sampling import compile_model
from mmm_bayes.model.family import load_member
from mmm_bayes.studies.calibration.job import SCENARIO, WEEKS, read_ranks
from mmm_bayes.studies.calibration.pit import calibration_verdict, summarise_ranks
from mmm_bayes.studies.calibration.process import MEMBERS
from mmm_bayes.studies.calibration.sbc import SETTINGS, ranks
from mmm_bayes.studies.simulate import as_dataset, simulate

SAVED = RESULTS / "calibration"
MODEL = "partial_mediation"
FOLDERS = sorted(folder.name for folder in SAVED.iterdir())
#: Quantities that only a form has.
OF_FORM = {
    "ar1": {"phi", "mediator_phi", "joint"},
    "hurdle": {"mediator_on_intercept[all]"},
    "interactions": {
        "interaction[promotion_at_price, promotion]",
        "interaction[promotion_at_price, price]",
        "interaction[email_at_promotion, email]",
    },
}


@pytest.fixture(scope="module")
def calibrations() -> ModuleType:
    """The script that makes them."""
    return load_script("calibrations")


@pytest.mark.parametrize("name", FOLDERS)
def test_the_saved_verdict_is_that_of_the_saved_ranks(name: str) -> None:
    table = pd.read_csv(SAVED / name / "calibration.csv")
    passed, message = calibration_verdict(table)
    record = json.loads((SAVED / name / "calibration.json").read_text(encoding="utf-8"))
    assert passed, message
    assert (record["verdict"], record["message"]) == ("pass", message)
    inside = read_ranks(SAVED / name).assign(inside=lambda rows: rows["pit"].between(0.05, 0.95))
    coverage = inside.groupby("quantity", sort=False)["inside"].mean()
    np.testing.assert_allclose(table.set_index("quantity")["coverage_90"], coverage, atol=1e-4)
    assert 0.85 < coverage.mean() < 0.95


def test_the_saved_bands_are_those_of_the_saved_ranks() -> None:
    table = summarise_ranks(read_ranks(SAVED / f"{MODEL}-ar1"))
    saved = pd.read_csv(SAVED / f"{MODEL}-ar1" / "calibration.csv")
    pd.testing.assert_frame_equal(table, saved, atol=1e-4)


def test_every_member_and_form_has_one(calibrations: ModuleType) -> None:
    assert set(FOLDERS) == set(MEMBERS) | {f"{MODEL}-{form}" for form in calibrations.FORMS}


@pytest.mark.parametrize("form", OF_FORM)
def test_a_form_is_calibrated_in_its_own_quantities(form: str) -> None:
    table = pd.read_csv(SAVED / f"{MODEL}-{form}" / "calibration.csv")
    assert OF_FORM[form] <= set(table["quantity"])


@pytest.mark.slow
@pytest.mark.parametrize("form", [None, "ar1", "interactions"])
def test_ranks_are_those_of_todays_model(
    tmp_path: Path, calibrations: ModuleType, form: str | None
) -> None:
    """Two tables again: the ranks of 200 draws have a Monte Carlo error of up to 0.05."""
    if form is None:
        data = as_dataset(simulate(SCENARIO, weeks=WEEKS))
    else:
        data = load(calibrations.describe(calibrations.FORMS[form], tmp_path))
    arranged = make_design(data)
    compiled = compile_model(load_member(MODEL), arranged)
    again = pd.concat(list(ranks(MODEL, compiled, arranged, 2, settings=SETTINGS)))
    saved = read_ranks(SAVED / (MODEL if form is None else f"{MODEL}-{form}"))
    both = again.merge(
        saved, on=["simulation", "quantity"], suffixes=("", "_saved"), validate="one_to_one"
    )
    assert len(both) == len(again) == 2 * saved["quantity"].nunique()
    away = (both["pit"] - both["pit_saved"]).abs()
    assert away.mean() < 0.06
    assert away.max() < 0.3
