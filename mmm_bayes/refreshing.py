"""A run fitted again with the newest weeks, and what they changed.

The two posteriors share all the old weeks, so their variances don't add. If the new weeks come
from the same market as the old, the posterior mean is a martingale: the variance of its step from
D to D + E is ``Var(theta | D) - E Var(theta | D, E)``, the variance that the new weeks took away
(the law of total variance; for estimators, Hausman 1978, *Specification tests in econometrics*). A
step that is large against its root is a market that changed, or weeks that were chance. Where the
new weeks took away less than k weeks like the n old ones should, that is used instead: ``Var(theta
| D) k / (n + k)``. Effects are compared over the same, old, weeks under both posteriors.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import arviz_stats as azs
import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import norm

from mmm_bayes import runs
from mmm_bayes.counterfactual import world
from mmm_bayes.dataset import Dataset, load
from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.dataset.values import listed
from mmm_bayes.design import Form, arrange, design
from mmm_bayes.diagnostics.predictive import holm
from mmm_bayes.errors import InputError
from mmm_bayes.estimands import EFFECTS, summed_effects
from mmm_bayes.family import Member
from mmm_bayes.files import refuse_taken, write_text
from mmm_bayes.fitting import Job, fit
from mmm_bayes.refitting import dataset as dataset_of
from mmm_bayes.refitting import refit
from mmm_bayes.sampling import Settings

TABLE = "refresh.csv"
#: Below this a change is more than the new weeks should bring by chance; Holm over all of them.
SURPRISING = 0.05
#: Tuning of a refit that starts from draws of the last posterior. With 100 the smallest ESS of
#: 4 x 1000 draws was 1,700 (410 from the usual starts), with 200 and more there was no difference.
TUNE = 200


def refresh(
    folder: Path,
    data: Path,
    out: Path,
    *,
    model: Path | None = None,
    say: Callable[[str], None] = print,
) -> list[str]:
    """Fit a run's model to a longer table, and write the run folder with ``refresh.csv`` in it.

    Parameters
    ----------
    folder : pathlib.Path
        Of the run.
    data : pathlib.Path
        Description of the table as it is now: the fitted weeks and newer ones.
    out : pathlib.Path
        The new run folder.
    model : pathlib.Path, optional
        The model file, where it is not a member of the family.
    say : callable
        Told one line at each step.

    Returns
    -------
    list of str
        What changed, in sentences.

    Raises
    ------
    InputError
    """
    refuse_taken(out)
    run = runs.load(folder)
    again = refit(run, model)
    dataset, old = load(data), again.design.dataset
    weeks = _shared(old, dataset)
    revised = _revised(old, dataset, weeks)
    if revised:
        say(revised)
    names = [field.name for field in dataclasses.fields(Settings)]
    settings = Settings(**{name: run.record[name] for name in names})
    settings = dataclasses.replace(settings, tune=min(settings.tune, TUNE))
    job = Job(dataset, again.member, again.design.form, settings, out)
    fit(job, say, start=run.draws["posterior"].to_dataset())

    after = runs.load(out)
    table = changes(
        _effects(run) | {"retention": _retention(run)},
        _over(after, again.member, weeks) | {"retention": _retention(after)},
        weeks=weeks.stop - weeks.start,
        more=dataset.data.sizes["time"] - (weeks.stop - weeks.start),
    )
    text = table.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    write_text(out / TABLE, text)
    return sentences(table)


def changes(
    before: dict[str, xr.DataArray], after: dict[str, xr.DataArray], *, weeks: int, more: int
) -> pd.DataFrame:
    """What new weeks changed, against what they may change by chance.

    Parameters
    ----------
    before, after : dict of str to xarray.DataArray, dims (chain, draw, unit, channel)
        Draws of the same quantities before and after the new weeks were seen.
    weeks, more : int
        Number of the old weeks, and of the new.

    Returns
    -------
    pandas.DataFrame
        Columns unit, channel, estimand; before and after (posterior means) with before_sd and
        after_sd; change, and change_sd, the standard deviation that it has if nothing changed; p,
        two-sided, adjusted over all rows (Holm); and surprising. What does not vary has no row.
    """
    rows = []
    for name, first in before.items():
        second = after[name]
        for unit in first["unit"].values:
            for channel in first["channel"].values:
                pair = [each.sel(unit=unit, channel=channel) for each in (first, second)]
                sd = [float(each.std(ddof=1)) for each in pair]
                if not all(np.isfinite(sd)) or min(sd) == 0:
                    continue
                mean = [float(each.mean()) for each in pair]
                error = sum(s**2 / _ess(each) for s, each in zip(sd, pair, strict=True))
                learnt = max(sd[0] ** 2 - sd[1] ** 2, sd[0] ** 2 * more / (weeks + more))
                rows.append(
                    (
                        unit, channel, name, mean[0], sd[0], mean[1], sd[1], mean[1] - mean[0],
                        np.sqrt(learnt + error),
                    )
                )  # fmt: skip
    head = ["unit", "channel", "estimand", "before", "before_sd", "after", "after_sd", "change"]
    table = pd.DataFrame(rows, columns=[*head, "change_sd"])
    raw = 2 * norm.sf(np.abs(table["change"] / table["change_sd"]))
    table["p"] = holm(raw)
    return table.assign(surprising=table["p"] < SURPRISING)


def sentences(table: pd.DataFrame) -> list[str]:
    """What the table of changes says, a sentence for each channel that moved, or one for all."""
    moved = table[table["surprising"]]
    if moved.empty:
        return [
            f"None of {len(table)} answers moved more than the new weeks should bring by chance: "
            "the market is what it was, as far as they can tell."
        ]
    return [
        f"{row['channel']}{'' if row['unit'] == 'all' else ' in ' + str(row['unit'])}: its "
        f"{row['estimand']} moved from {row['before']:.4g} to {row['after']:.4g}, more than new "
        f"weeks of the same market should move it (standard deviation {row['change_sd']:.3g}, "
        f"adjusted p {row['p']:.2g}): it changed, or something that the model does not know did."
        for _, row in moved.iterrows()
    ]


def _ess(draws: xr.DataArray) -> float:
    return float(azs.ess(draws.values, chain_axis=0, draw_axis=1))


def _effects(run: runs.Run) -> dict[str, xr.DataArray]:
    """Effects of a run over all its weeks."""
    draws = run.effects["draws"].to_dataset()
    return {name: draws[name] for name in EFFECTS}


def _over(after: runs.Run, member: Member, weeks: slice) -> dict[str, xr.DataArray]:
    """Effects of the new posterior over the old weeks alone."""
    whole = design(dataset_of(after), Form(**after.record["form"]))
    part = arrange(whole.dataset, whole.form, whole.scaling, weeks)
    draws = after.draws["posterior"].to_dataset().isel(time=weeks)
    seed = int(after.record["seed"])
    effects = summed_effects(world(member.build(whole), part, draws, seed=seed))
    return {str(name): values for name, values in effects.items()}


def _retention(run: runs.Run) -> xr.DataArray:
    """Retention of each channel, of the typical unit where units differ."""
    return run.draws["posterior"]["adstock_alpha"].expand_dims(unit=[WHOLE])


def _shared(old: Dataset, new: Dataset) -> slice:
    """Rows of the new table that are the old one's weeks.

    Raises
    ------
    InputError
        If the new table is not the old one with weeks added at its end.
    """
    before, now = (each.description.model_dump(exclude={"file"}) for each in (old, new))
    if changed := [key for key in now if before[key] != now[key]]:
        raise InputError(
            f"{new.path}: {listed(changed)} is not as it was fitted, so this is another model; "
            "fit it anew with mmm-bayes fit"
        )
    if list(old.data["unit"].values) != list(new.data["unit"].values):
        raise InputError(
            f"{new.path}: the units are not those that were fitted; fit it anew with mmm-bayes fit"
        )
    weeks, known = new.data["time"].values, old.data["time"].values
    start = int(np.searchsorted(weeks, known[0]))
    if not np.array_equal(weeks[start : start + len(known)], known):
        raise InputError(
            f"{new.path}: the table does not hold all weeks that were fitted, {str(known[0])[:10]} "
            f"to {str(known[-1])[:10]}; a refresh adds weeks to them, so give the whole table"
        )
    if weeks[-1] == known[-1]:
        raise InputError(
            f"{new.path}: the table has no week after {str(known[-1])[:10]}, the last one that was "
            "fitted; there is nothing to refresh"
        )
    return slice(start, start + len(known))


def _revised(old: Dataset, new: Dataset, weeks: slice) -> str:
    """A sentence on numbers of old weeks that are not what they were; "" if there are none."""
    told = []
    for name in ("outcome", "spend", "exposure", "controls"):
        was, now = old.data[name].values, new.data[name].isel(time=weeks).values
        if number := int((~np.isclose(was, now, rtol=1e-9)).sum()):
            told.append(f"{number} of {name}")
    if not told:
        return ""
    return f"numbers of fitted weeks were revised ({listed(told)}): what changes may come from that"
