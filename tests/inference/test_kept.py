"""Finished fits of a stopped job are read again, and only where they are the same fits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from builds import dataset

from mmm_bayes.data.design import Design, make_design
from mmm_bayes.inference import kept
from mmm_bayes.inference.sampling import Settings

SETTINGS = Settings(draws=100, tune=100, chains=2)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """Replace the sampler; the list of the fits that it was asked for."""
    asked: list[Settings] = []

    def sample(compiled: Any, design: Design, settings: Settings) -> xr.DataTree:
        asked.append(settings)
        draws = np.random.default_rng(len(asked)).random((2, 5, 4))
        beta = xr.DataArray(
            draws, dims=("chain", "draw", "channel"), coords={"channel": list("abcd")}
        )
        tree = xr.DataTree.from_dict({"posterior": xr.Dataset({"beta": beta})})
        tree.attrs["sampling_seconds"] = 0.5
        return tree

    monkeypatch.setattr(kept, "sample", sample)
    return asked


@pytest.fixture
def design(tmp_path: Path) -> Design:
    return make_design(dataset(tmp_path / "data"))


def test_the_same_fit_is_read_and_any_other_is_made(
    tmp_path: Path, design: Design, fits: list[Settings]
) -> None:
    place = kept.KeptFits(tmp_path / "kept", "source")
    first = kept.sample_once(None, design, SETTINGS, place)
    again = kept.sample_once(None, make_design(design.dataset, design.form), SETTINGS, place)
    assert len(fits) == 1
    xr.testing.assert_identical(first, again)
    others = [
        (design, replace(SETTINGS, seed=2), place),
        (replace(design, arrays=design.arrays.assign(rho=((), 0.4))), SETTINGS, place),
        (replace(design, arrays=design.arrays.isel(time=slice(1, None))), SETTINGS, place),
        (replace(design, form=replace(design.form, sign="free")), SETTINGS, place),
        (design, SETTINGS, replace(place, model="another source")),
    ]
    for number, (another, settings, where) in enumerate(others, start=2):
        kept.sample_once(None, another, settings, where)
        assert len(fits) == number
    kept.sample_once(None, design, SETTINGS, place)
    assert len(fits) == len(others) + 1


def test_a_damaged_fit_is_made_anew(tmp_path: Path, design: Design, fits: list[Settings]) -> None:
    place = kept.KeptFits(tmp_path / "kept", "source")
    kept.sample_once(None, design, SETTINGS, place)
    (path,) = place.folder.iterdir()
    path.write_bytes(path.read_bytes()[:1000])
    kept.sample_once(None, design, SETTINGS, place)
    kept.sample_once(None, design, SETTINGS, place)
    assert len(fits) == 2


def test_a_stopped_job_says_what_is_kept_and_a_finished_one_keeps_nothing(
    tmp_path: Path, design: Design, fits: list[Settings]
) -> None:
    def job(stop: bool) -> None:
        with kept.kept_fits(tmp_path / "kept") as folder:
            kept.sample_once(None, design, SETTINGS, kept.KeptFits(folder, "source"))
            if stop:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"1 finished fits are kept in .*kept; the same"):
        job(stop=True)
    job(stop=False)
    assert len(fits) == 1
    assert not (tmp_path / "kept").exists()
