"""Draws are written to disk while a fit runs, and can be read after a kill."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from builds import description, table, write

from mmm_bayes.errors import InputError
from mmm_bayes.inference import stream as streaming

COMMAND = Path(sys.executable).with_name("mmm-bayes")


def test_only_draws_that_every_chain_has_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    beta, sigma = rng.normal(size=(2, 40, 3)), rng.normal(size=(2, 40))
    torn, later = beta.copy(), sigma.copy()
    torn[0, 32:], torn[1, 20, 2:] = np.nan, np.nan
    later[1, 36:] = np.nan
    groups = {
        "posterior": xr.Dataset(
            {
                "beta": (("chain", "draw", "channel"), torn),
                "sigma": (("chain", "draw"), later),
                "sigma_log__": (("chain", "draw"), np.log(np.abs(later))),
            },
            coords={"channel": ["a", "b", "c"]},
        ),
        "sample_stats": xr.Dataset(
            {"energy": (("chain", "draw"), sigma), "diverging": (("chain", "draw"), sigma > 9)}
        ),
    }
    folder = tmp_path / "draws"
    xr.DataTree.from_dict(groups).to_zarr(folder, consolidated=False)
    tree = streaming.read(folder)
    assert tree.attrs["requested"] == 40
    assert set(tree["posterior"].data_vars) == {"beta", "sigma"}
    np.testing.assert_array_equal(tree["posterior"]["beta"], beta[:, :20])
    np.testing.assert_array_equal(tree["posterior"]["sigma"], sigma[:, :20])
    assert tree["sample_stats"]["diverging"].shape == (2, 20)


def test_a_folder_without_draws_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no draws"):
        streaming.read(tmp_path)


@pytest.mark.slow
def test_a_fit_that_is_killed_leaves_its_draws(tmp_path: Path) -> None:
    data = write(tmp_path / "data", table(), description(mediators=None))
    run, draws = tmp_path / "run", tmp_path / "draws"
    process = subprocess.Popen(
        [COMMAND, "fit", "no_mediation", data, "--out", run, "--stream", draws, "--draws", "20000",
         "--tune", "200", "--chains", "2"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 240
    chunks = [draws / "posterior" / "adstock_alpha" / "c" / chain / "9" for chain in "01"]
    while not all(chunk.exists() for chunk in chunks):  # chains don't keep step
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not run.exists()
    tree = streaming.read(draws)
    posterior = tree["posterior"]
    assert tree.attrs["requested"] == 20_000
    assert 100 <= posterior.sizes["draw"] < 20_000
    assert posterior["channel"].values.tolist() == ["social", "video", "search", "tv"]
    assert bool((posterior["adstock_alpha"] > 0).all())
    for values in posterior.to_dataset().values():
        assert np.isfinite(values).all()
    second_run = subprocess.run(
        [COMMAND, "fit", "no_mediation", data, "--out", run, "--stream", draws],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert second_run.returncode == 2
    assert "never overwritten" in second_run.stderr


def test_a_full_disk_is_one_sentence_and_other_failures_stay_as_they_are(tmp_path: Path) -> None:
    """The texts are nutpie's, of a store on a full file system and of a model that fails."""
    full = (
        "Could not create trace object\n\nCaused by:\n    Generic LocalFileSystem error: Unable to "
        "copy data to file: No space left on device (os error 28)\n\nStack backtrace:\n   0: x"
    )
    with pytest.raises(InputError, match=r"draws can't be written: no space left on device;"):  # noqa: SIM117
        with streaming.store_errors(tmp_path / "draws"):
            raise RuntimeError(full)
    for folder, text in ((tmp_path / "draws", "the model failed"), (None, full)):
        with (
            pytest.raises(RuntimeError, match=re.escape(text[:20])),
            streaming.store_errors(folder),
        ):
            raise RuntimeError(text)
