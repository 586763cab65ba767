"""The tables under data/ are what the generator writes, byte for byte."""

from pathlib import Path

import pytest

from mmm_bayes.simulate import SCENARIOS, save, simulate

DATA = Path(__file__).parents[2] / "data"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_shipped_files_are_the_generators(scenario: str, tmp_path: Path) -> None:
    for made in save(simulate(scenario, seed=1), tmp_path / f"{scenario}.csv"):
        assert made.read_bytes() == (DATA / made.name).read_bytes(), f"{made.name}: run `make data`"


def test_nothing_else_is_shipped() -> None:
    stems = {path.name.partition(".")[0] for path in DATA.iterdir()}
    assert stems == set(SCENARIOS)
