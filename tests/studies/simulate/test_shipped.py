"""The tables under data/ are what the generator writes, byte for byte."""

from pathlib import Path

import pytest
from places import DATA

from mmm_bayes.studies.simulate import SCENARIOS, save, simulate


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_shipped_files_are_the_generators(scenario: str, tmp_path: Path) -> None:
    for path in save(simulate(scenario, seed=1), tmp_path / f"{scenario}.csv"):
        assert path.read_bytes() == (DATA / path.name).read_bytes(), f"{path.name}: run `make data`"


def test_nothing_else_is_shipped() -> None:
    stems = {path.name.partition(".")[0] for path in DATA.iterdir()}
    assert stems == set(SCENARIOS)
