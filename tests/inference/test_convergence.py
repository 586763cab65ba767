"""Draws that have not converged are sampled again, once, for twice as long."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from mmm_bayes import cli
from mmm_bayes.inference import convergence, fit
from mmm_bayes.inference.convergence import sample_until_converged
from mmm_bayes.inference.sampling import Settings

SETTINGS = Settings(draws=500, tune=300, chains=4, seed=1)


def draws_of(settings: Settings, *, apart: float) -> xr.DataTree:
    """Independent normal draws, with chains whose means are apart by a number of deviations."""
    noise = np.random.default_rng(0).normal(size=(settings.chains, settings.draws))
    values = noise + apart * np.arange(settings.chains)[:, None]
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"mu": (("chain", "draw"), values)}),
            "sample_stats": xr.Dataset({"diverging": (("chain", "draw"), values > np.inf)}),
        }
    )
    tree.attrs["sampling_seconds"] = 1.5
    return tree


@pytest.fixture
def sampled(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Settings, float]]:
    """Settings of each call, and how far its chains are apart: those of the first call are."""
    calls: list[tuple[Settings, float]] = []
    apart = iter((0.5, 0.0, 0.0))

    def sample(compiled: Any, design: Any, settings: Settings, **_: Any) -> xr.DataTree:
        calls.append((settings, next(apart)))
        return draws_of(settings, apart=calls[-1][1])

    monkeypatch.setattr(convergence, "sample", sample)
    return calls


def test_chains_that_disagree_are_sampled_again(sampled: list[tuple[Settings, float]]) -> None:
    said: list[str] = []
    tree, settings, checks = sample_until_converged(None, None, SETTINGS, say=said.append)  # type: ignore[arg-type]
    assert [(call.draws, call.tune, call.seed) for call, _ in sampled] == [
        (500, 300, 1), (1000, 600, 1),
    ]  # fmt: skip
    assert settings == sampled[1][0]
    assert tree["posterior"].sizes["draw"] == 1000
    assert tree.attrs["sampling_seconds"] == 3.0
    assert {check.status for check in checks} == {"pass"}
    (line,) = said
    assert line == "these draws have not converged; sampling again 4 x (600 + 1000)"


def test_chains_that_agree_are_sampled_once(sampled: list[tuple[Settings, float]]) -> None:
    sample_until_converged(None, None, SETTINGS)  # type: ignore[arg-type]
    sampled.clear()  # the chains of later calls agree
    said: list[str] = []
    _, settings, _ = sample_until_converged(None, None, SETTINGS, say=said.append)  # type: ignore[arg-type]
    assert (len(sampled), settings, said) == (1, SETTINGS, [])


@pytest.mark.parametrize("number, times", [(20, 1), (21, 2)])
def test_only_many_divergences_are_sampled_again(
    number: int, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More draws would have more of them: at most 1% of 2,000 are left to the check."""
    calls: list[Settings] = []

    def sample(compiled: Any, design: Any, settings: Settings, **_: Any) -> xr.DataTree:
        calls.append(settings)
        tree = draws_of(settings, apart=0.0)
        tree["sample_stats"]["diverging"].values.flat[:number] = True
        return tree

    monkeypatch.setattr(convergence, "sample", sample)
    _, _, checks = sample_until_converged(None, None, SETTINGS)  # type: ignore[arg-type]
    assert len(calls) == times
    assert "pass" not in {check.status for check in checks if check.name == "divergences"}


@pytest.mark.parametrize(
    "options, expected",
    [
        ((), (1000, 1000, True)),
        (("--draws", "500"), (500, 1000, False)),
        (("--tune", "400"), (1000, 400, False)),
    ],
)
def test_a_number_of_draws_that_is_asked_for_is_kept(
    options: tuple[str, ...],
    expected: tuple[int, int, bool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs: list[fit.Job] = []

    def run_fit(job: fit.Job, *_: Any, **__: Any) -> Path:
        jobs.append(job)
        return tmp_path

    monkeypatch.setattr(fit, "run_fit", run_fit)
    monkeypatch.setattr("mmm_bayes.report.render", lambda folder: folder / "report.html")
    monkeypatch.setattr(cli, "_done", lambda *_, **__: None)
    toml = Path(__file__).parents[2] / "data" / "direct_only.toml"
    arguments = ["fit", "no_mediation", str(toml), "--out", str(tmp_path / "run"), *options]
    monkeypatch.setattr(sys, "argv", ["mmm-bayes", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 0
    (job,) = jobs
    assert (job.settings.draws, job.settings.tune, job.lengthen) == expected
