"""Demonstration on a simulated market: simulate, fit, report, and compare with the truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mmm_bayes.files import check_free
from mmm_bayes.inference import runs
from mmm_bayes.inference.fit import prepare, run_fit
from mmm_bayes.inference.sampling import Settings
from mmm_bayes.report import render
from mmm_bayes.studies.simulate import compare_with_truth, save, simulate

SCENARIO, MODEL, SEED = "mediated", "partial_mediation", 1


def run_demo(folder: Path, say: Callable[[str], None]) -> Path:
    """Simulate a market, fit it, render the report, and count the intervals that contain the truth.

    Parameters
    ----------
    folder : pathlib.Path
        The run folder; the simulated table is written beside it, to ``FOLDER-data``.
    say : callable
        Receives one line of progress at each step.

    Returns
    -------
    pathlib.Path
        The report.
    """
    check_free(folder)
    data = folder.with_name(f"{folder.name}-data") / "market.csv"
    _, toml, truth = save(simulate(SCENARIO, seed=SEED), data)
    say(f"simulated {data} ({SCENARIO}, seed {SEED})")
    folder = run_fit(prepare(MODEL, toml, folder, Settings()), say)
    table = compare_with_truth(runs.load(folder).estimands, truth)
    inside = table.loc[table["estimand"] != "direct", "inside"].dropna()
    say(
        f"{inside.sum()} of {len(inside)} intervals of total and indirect effects contain the truth"
    )
    say("rendering the report")
    return render(folder)
