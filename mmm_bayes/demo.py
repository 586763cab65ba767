"""The demonstration: a simulated market, a fit of it, and how well it did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mmm_bayes import runs
from mmm_bayes.files import refuse_taken
from mmm_bayes.fitting import fit, prepare
from mmm_bayes.report import render
from mmm_bayes.sampling import Settings
from mmm_bayes.simulate import against_truth, save, simulate

SCENARIO, MODEL, SEED = "mediated", "partial_mediation", 1


def demo(folder: Path, say: Callable[[str], None]) -> Path:
    """Simulate, fit, report, and say where the truth lies.

    Parameters
    ----------
    folder : pathlib.Path
        The run folder; the simulated table goes beside it, in ``FOLDER-data``.
    say : callable
        Told one line at each step.

    Returns
    -------
    pathlib.Path
        The report.
    """
    refuse_taken(folder)
    data = folder.with_name(f"{folder.name}-data") / "market.csv"
    _, toml, truth = save(simulate(SCENARIO, seed=SEED), data)
    say(f"simulated {data} ({SCENARIO}, seed {SEED})")
    fit(prepare(MODEL, toml, folder, Settings()), say)
    known = against_truth(runs.load(folder).estimands, truth)
    inside = known.loc[known["estimand"] != "direct", "inside"].dropna()
    say(f"{inside.sum()} of {len(inside)} true total and indirect effects lie in their intervals")
    say("rendering the report")
    return render(folder)
