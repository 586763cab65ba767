"""Refit of a run with newer weeks, and tests of whether they changed its estimates.

The two posteriors share all the old weeks, so their variances do not add. If the new weeks come
from the same market as the old ones, the posterior mean is a martingale: the variance of its step
from D to D + E is ``Var(theta | D) - E Var(theta | D, E)``, the variance that the new weeks removed
(the law of total variance; for estimators, Hausman 1978, *Specification tests in econometrics*). A
step that is large relative to its standard deviation indicates a changed market, or chance. If the
new weeks removed less variance than k weeks like the n old ones should, that amount is used
instead: ``Var(theta | D) k / (n + k)``. Effects, of the channels and of all media together, are
compared over the same old weeks under both posteriors.
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

from mmm_bayes.data import Dataset, load
from mmm_bayes.data.dataset import ALL_UNITS, INPUTS
from mmm_bayes.data.design import arrange, make_design
from mmm_bayes.data.form import Form
from mmm_bayes.data.values import shortlist
from mmm_bayes.diagnostics.multiplicity import holm
from mmm_bayes.errors import InputError
from mmm_bayes.estimands import ALL_MEDIA, EFFECTS, joint_effect, summed_effects
from mmm_bayes.files import check_free, write_text
from mmm_bayes.inference import runs
from mmm_bayes.inference.fit import Job, run_fit
from mmm_bayes.inference.refit import prepare_refit, run_dataset
from mmm_bayes.inference.sampling import Settings
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.family import Member
from mmm_bayes.text import number

TABLE = "refresh.csv"
#: Adjusted p-value (Holm) below which a change is larger than the new weeks should cause by chance.
SURPRISING = 0.05
#: Tuning draws of a refit that starts from the last posterior. With 100 the smallest ESS of 4 x
#: 1000 draws was 1,700 (410 from the default starts), with 200 and more there was no difference.
TUNE = 200


def refresh_run(
    folder: Path,
    data: Path,
    out: Path,
    *,
    model: Path | None = None,
    say: Callable[[str], None] = print,
) -> tuple[Path, list[str]]:
    """Refit a run with a longer table, and write the new run folder with ``refresh.csv`` in it.

    Parameters
    ----------
    folder : pathlib.Path
        Run folder.
    data : pathlib.Path
        Description of the longer table: the fitted weeks and newer ones.
    out : pathlib.Path
        The new run folder.
    model : pathlib.Path, optional
        Model file, if the model is not a member of the family.
    say : callable
        Receives one line of progress at each step.

    Returns
    -------
    tuple of pathlib.Path and list of str
        The new run folder, and sentences on what changed.

    Raises
    ------
    InputError
        If the new folder exists, the old one is not a finished run, the model is not the one that
        was fitted, or the table does not extend the fitted one.
    """
    check_free(out)
    run = runs.load(folder)
    refit = prepare_refit(run, model)
    dataset, old = load(data), refit.design.dataset
    weeks = _shared_weeks(old, dataset)
    note = _revision_note(old, dataset, weeks)
    if note:
        say(dataset.wording(note))
    names = [field.name for field in dataclasses.fields(Settings)]
    settings = Settings(**{name: run.record[name] for name in names})
    settings = dataclasses.replace(settings, tune=min(settings.tune, TUNE))
    job = Job(dataset, refit.member, refit.design.form, settings, out)
    out = run_fit(job, say, start=run.draws["posterior"].to_dataset())

    after = runs.load(out)
    table = change_table(
        _effects(run) | _retention(run),
        _effects_over(after, refit.member, weeks) | _retention(after),
        old_weeks=weeks.stop - weeks.start,
        new_weeks=dataset.data.sizes["time"] - (weeks.stop - weeks.start),
    )
    text = table.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    write_text(out / TABLE, text)
    return out, [dataset.wording(sentence) for sentence in change_sentences(table)]


def change_table(
    before: dict[str, xr.DataArray],
    after: dict[str, xr.DataArray],
    *,
    old_weeks: int,
    new_weeks: int,
) -> pd.DataFrame:
    """Changes of the posterior means with the new weeks, and their p-values under no change.

    Parameters
    ----------
    before, after : dict of str to xarray.DataArray, dims (chain, draw, unit, channel)
        Draws of the same quantities without and with the new weeks.
    old_weeks, new_weeks : int
        Number of old weeks, and of new weeks.

    Returns
    -------
    pandas.DataFrame
        Columns unit, channel (`ALL_MEDIA` for all media together), estimand; before and after
        (posterior means) with before_sd and after_sd; change, and change_sd, its standard
        deviation if the market did not change; p, two-sided, adjusted over all rows (Holm); and
        surprising. No row for a quantity that does not vary.
    """
    rows = []
    for name, first in before.items():
        second = after[name]
        for unit in first["unit"].values:
            for channel in first["channel"].values:
                pair = [draws.sel(unit=unit, channel=channel) for draws in (first, second)]
                sd = [float(draws.std(ddof=1)) for draws in pair]
                if not all(np.isfinite(sd)) or min(sd) == 0:
                    continue
                mean = [float(draws.mean()) for draws in pair]
                mcse = sum(s**2 / _ess(draws) for s, draws in zip(sd, pair, strict=True))
                removed = max(
                    sd[0] ** 2 - sd[1] ** 2, sd[0] ** 2 * new_weeks / (old_weeks + new_weeks)
                )
                rows.append(
                    (
                        unit, channel, name, mean[0], sd[0], mean[1], sd[1], mean[1] - mean[0],
                        np.sqrt(removed + mcse),
                    )
                )  # fmt: skip
    columns = ["unit", "channel", "estimand", "before", "before_sd", "after", "after_sd", "change"]
    table = pd.DataFrame(rows, columns=[*columns, "change_sd"])
    p_values = 2 * norm.sf(np.abs(table["change"] / table["change_sd"]))
    table["p"] = holm(p_values)
    return table.assign(surprising=table["p"] < SURPRISING)


def change_sentences(table: pd.DataFrame) -> list[str]:
    """Sentences on the changes: one for each surprising change, or a single one if there are none.

    Parameters
    ----------
    table : pandas.DataFrame
        As `change_table` returns it.
    """
    surprising = table[table["surprising"]]
    if surprising.empty:
        return [
            f"None of {len(table)} estimates changed more than the new weeks should change it by "
            "chance: they give no sign that the market changed."
        ]
    return [_change_sentence(row) for _, row in surprising.iterrows()]


def _change_sentence(row: pd.Series) -> str:
    together = row["channel"] == ALL_MEDIA
    return (
        f"{'all media together' if together else row['channel']}"
        f"{'' if row['unit'] == ALL_UNITS else ' in ' + str(row['unit'])}: "
        f"{'their' if together else 'its'} "
        f"{row['estimand']} changed from {number(row['before'])} to {number(row['after'])}, more "
        "than new weeks of the same market should change it (standard deviation "
        f"{number(row['change_sd'])}, "
        f"adjusted p {row['p']:.2g}): it changed, or something outside the model did."
    )


def _ess(draws: xr.DataArray) -> float:
    return float(azs.ess(draws.values, chain_axis=0, draw_axis=1))


def _effects(run: runs.Run) -> dict[str, xr.DataArray]:
    """Effects of a run over all its weeks, the total of all media included."""
    joint = run.effects["together"].to_dataset() if "together" in run.effects.children else None
    return _with_joint(run.effects["draws"].to_dataset(), joint)


def _effects_over(after: runs.Run, member: Member, weeks: slice) -> dict[str, xr.DataArray]:
    """Effects under the new posterior over the old weeks only."""
    design = make_design(run_dataset(after), Form(**after.record["form"]))
    old = arrange(design.dataset, design.form, design.scaling, weeks)
    draws = after.draws["posterior"].to_dataset().isel(time=weeks)
    seed = int(after.record["seed"])
    fitted = abduct(member.build(design), old, draws, seed=seed)
    return _with_joint(summed_effects(fitted), joint_effect(fitted))


def _with_joint(draws: xr.Dataset, joint: xr.Dataset | None) -> dict[str, xr.DataArray]:
    """Effects of the channels, and the total of all media as one more channel, `ALL_MEDIA`."""
    effects = {name: draws[name] for name in EFFECTS}
    if joint is not None:
        together = joint["total"].expand_dims(channel=[ALL_MEDIA], axis=-1)
        effects["total"] = xr.concat([effects["total"], together], "channel")
    return effects


def _retention(run: runs.Run) -> dict[str, xr.DataArray]:
    """Retention rate of each channel, of the typical unit in a panel; empty for another form."""
    posterior = run.draws["posterior"]
    if "adstock_alpha" not in posterior:
        return {}
    return {"retention": posterior["adstock_alpha"].expand_dims(unit=[ALL_UNITS])}


def _shared_weeks(old: Dataset, new: Dataset) -> slice:
    """Rows of the new table that are the old table's weeks.

    Raises
    ------
    InputError
        If the new table is not the old one with weeks added at its end.
    """
    before, after = (dataset.description.model_dump(exclude={"file"}) for dataset in (old, new))
    if changed := [key for key in after if before[key] != after[key]]:
        raise InputError(
            f"{new.path}: {shortlist(changed)} is not as it was fitted, so this is another model; "
            "fit it with mmm-bayes fit"
        )
    if list(old.data["unit"].values) != list(new.data["unit"].values):
        raise InputError(
            f"{new.path}: the units are not those that were fitted; fit the table with mmm-bayes "
            "fit"
        )
    weeks, fitted = new.data["time"].values, old.data["time"].values
    first, last = str(fitted[0])[:10], str(fitted[-1])[:10]
    start = int(np.searchsorted(weeks, fitted[0]))
    if not np.array_equal(weeks[start : start + len(fitted)], fitted):
        raise InputError(
            f"{new.path}: the table does not have all the {new.step.plural} that were fitted, "
            f"{first} to {last}; a refresh adds {new.step.plural} to them, so give the whole table"
        )
    if weeks[-1] == fitted[-1]:
        raise InputError(
            f"{new.path}: the table has no {new.step.noun} after {last}, the last one that was "
            "fitted; there is nothing to refresh"
        )
    return slice(start, start + len(fitted))


def _revision_note(old: Dataset, new: Dataset, weeks: slice) -> str:
    """A sentence on revised numbers of old weeks; empty if there are none."""
    revised = []
    for name in ("outcome", *INPUTS):
        before, after = old.data[name].values, new.data[name].isel(time=weeks).values
        if number := int((~np.isclose(before, after, rtol=1e-9)).sum()):
            revised.append(f"{number} of {name}")
    if not revised:
        return ""
    return (
        f"numbers of fitted weeks were revised ({shortlist(revised)}), which may also explain "
        "changes"
    )
