"""The page of a rolling job: what is stable, what is not, and how its forecasts fared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm_bayes import jobs
from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.errors import InputError
from mmm_bayes.plots import windows as draw
from mmm_bayes.plots.style import figure
from mmm_bayes.report.page import write_page
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.tables import Table, table
from mmm_bayes.report.words import listed, number
from mmm_bayes.rolling.files import FORECAST, RECORD, ROLLING, SCORES, STABILITY, SUBSETS
from mmm_bayes.rolling.stability import CLASSES

#: Posterior probability from which a class is said without a doubt beside it.
SURE = 0.9
COLUMNS = 5
_SHOWN = {
    "contribution": "contribution per week",
    "contribution_share": "share",
    "direct": "direct effect",
    "indirect": "indirect effect",
    "roas": "ROAS",
    "retention": "carryover",
    "half_saturation": "half-saturation",
}


@dataclass(frozen=True)
class Rolled:
    """A rolling job as its folder tells it, all units together.

    Attributes
    ----------
    folder : pathlib.Path
    record : dict
    rolling, stability, forecast, scores, subsets : pandas.DataFrame
    """

    folder: Path
    record: dict[str, Any]
    rolling: pd.DataFrame
    stability: pd.DataFrame
    forecast: pd.DataFrame
    scores: pd.DataFrame
    subsets: pd.DataFrame

    @property
    def channels(self) -> list[str]:
        """In the order of the description."""
        return list(self.record["inputs"]["description"]["channels"])

    @property
    def outcome(self) -> str:
        """What the outcome's column is called."""
        return str(self.record["inputs"]["description"]["outcome"])

    def answer(self, estimand: str) -> pd.DataFrame:
        """The rows of rolling.csv of one estimand."""
        return self.rolling[self.rolling["estimand"] == estimand]


def render_rolling(folder: Path) -> Path:
    """Write a rolling job's figures and its page.

    Nothing is fitted: the tables of the folder are enough.

    Parameters
    ----------
    folder : pathlib.Path
        Of a finished rolling job.

    Returns
    -------
    pathlib.Path
        ``report.html`` in that folder; the figures are in ``figures``.

    Raises
    ------
    InputError
        If the folder is not a finished rolling job.
    """
    rolled = read(folder)
    return write_page(
        folder / "report.html",
        "rolling.html.j2",
        _context(rolled),
        pictures(rolled),
        figures=folder / "figures",
    )


def refuse_unfinished(folder: Path) -> None:
    """Refuse a folder that is not a finished rolling job, without reading it.

    Raises
    ------
    InputError
    """
    missing = [name for name in (RECORD, ROLLING, STABILITY) if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} is not a finished rolling job: it lacks {', '.join(missing)}; make one with "
            "mmm-bayes rolling"
        )


def read(folder: Path) -> Rolled:
    """Read a rolling job's folder.

    Raises
    ------
    InputError
        If it is not a finished rolling job.
    """
    refuse_unfinished(folder)

    def rows(name: str, *dates: str) -> pd.DataFrame:
        path = folder / name
        if not path.exists():
            return pd.DataFrame()
        frame = pd.read_csv(path, parse_dates=list(dates), dtype={"unit": str, "channel": str})
        return frame[frame["unit"] == WHOLE]

    return Rolled(
        folder,
        jobs.read(folder / RECORD),
        rows(ROLLING, "window_start", "window_end"),
        rows(STABILITY),
        rows(FORECAST, "window_start", "date"),
        rows(SCORES),
        rows(SUBSETS),
    )


def _context(rolled: Rolled) -> dict[str, object]:
    fits = rolled.record["fits"]
    seconds = np.array([fit["sampling_seconds"] for fit in fits])
    good = sum(fit["verdict"] == "pass" for fit in fits)
    return {
        "name": rolled.folder.resolve().name,
        "outcome": rolled.outcome,
        "record": rolled.record,
        "span": span(fits),
        "sampled": f"{good} of {len(fits)} windows passed the convergence checks; a window took "
        f"{number(float(np.median(seconds)))} s to sample (median).",
        "troubles": [
            f"{fit['window_start']} to {fit['window_end']}: {fit['says']}"
            for fit in fits
            if fit["verdict"] != "pass"
        ],
        "rule": rule(),
        "channels": [(name, sentences(rolled, name)) for name in rolled.channels],
        "stability": stability_table(rolled),
        "scores": scores_table(rolled),
        "forecast_says": forecast_says(rolled),
        "fits": _fits(fits),
        "provenance": _provenance(rolled.record),
    }


def span(fits: list[dict[str, Any]]) -> str:
    """How many windows there are, and when they are.

    Parameters
    ----------
    fits : list of dict
        As ``rolling.json`` has them.
    """
    return (
        f"{len(fits)} windows, the first from {fits[0]['window_start']} to "
        f"{fits[0]['window_end']}, the last from {fits[-1]['window_start']} to "
        f"{fits[-1]['window_end']}."
    )


def rule() -> str:
    """What the classes mean."""
    stable, moderate = CLASSES["stable"], CLASSES["moderate"]
    return (
        f"Below {stable:g} is stable: what is a fifth larger in one half of the windows than in "
        f"the other has {stable:g}. From {moderate:g} on is volatile: what is nearly twice as "
        f"large has {moderate:g}. Between them is moderate."
    )


def sentences(rolled: Rolled, channel: str) -> list[str]:
    """What the windows support about a channel, and what they don't."""
    said = []
    for estimand in ("contribution", "indirect", "roas"):
        mine = rolled.stability
        rows = mine[(mine["channel"] == channel) & (mine["estimand"] == estimand)]
        if rows.empty:
            continue
        said.append(_varied(_SHOWN[estimand], rows.iloc[0]))
        if estimand == "contribution":
            said.append(_drift(rows.iloc[0]))
    return said or ["It was never on."]


def _varied(what: str, row: pd.Series) -> str:
    what = what if what == "ROAS" else what[0].upper() + what[1:]
    if row["near_zero"]:
        return (
            f"{what}: its mean over the windows can't be told from 0, so how much it varies "
            "relative to that says little."
        )
    told = (
        f"coefficient of variation {row['cv']:.2f}, 90% interval {row['cv_lower']:.2f} to "
        f"{row['cv_upper']:.2f}"
    )
    share = float(row[f"p_{row['class']}"])
    if share >= SURE:
        return f"{what}: {row['class']} ({told})."
    chances = listed([f"{name} {row[f'p_{name}']:.0%}" for name in CLASSES])
    return f"{what}: the windows don't settle it ({chances}; {told})."


def _drift(row: pd.Series) -> str:
    inside = (
        "The last window's median lies within the first window's interval"
        if row["held"]
        else "The last window's median lies outside the first window's interval"
    )
    change = (
        f"{_percent(row['change'])} of its mean ({_percent(row['change_lower'])} to "
        f"{_percent(row['change_upper'])})"
    )
    if row["change_lower"] > 0:
        return f"{inside}; from the first to the last window it rose: {change}."
    if row["change_upper"] < 0:
        return f"{inside}; from the first to the last window it fell: {change}."
    return (
        f"{inside}, and its change from the first to the last, {change}, can't be told from none."
    )


def _percent(value: float) -> str:
    return f"{value:+.0%}".replace("-", "−")


def stability_table(rolled: Rolled) -> Table:
    """How much each answer varied over the windows, noise taken out."""
    rows = []
    for channel in rolled.channels:
        for estimand, what in _SHOWN.items():
            mine = rolled.stability
            found = mine[(mine["channel"] == channel) & (mine["estimand"] == estimand)]
            if found.empty:
                continue
            one = found.iloc[0]
            cells: list[str | tuple[str, ...]] = [channel, what]
            cells += [(f"{one['cv']:.2f}", f"{one['cv_lower']:.2f} to {one['cv_upper']:.2f}")]
            cells += [f"{one['class']} ({one['p_' + one['class']]:.0%})", f"{one['cv_naive']:.2f}"]
            cells += [
                (
                    _percent(one["change"]),
                    f"{_percent(one['change_lower'])} to {_percent(one['change_upper'])}",
                ),
                "inside" if one["held"] else "outside",
            ]
            rows.append(cells)
    head = (
        "channel", "answer", "coefficient of variation", "class (its probability)",
        "of the estimates, noise included", "first to last window", "last in the first's interval",
    )  # fmt: skip
    return table(head, rows)


def scores_table(rolled: Rolled) -> Table:
    """How the forecasts fared, by the number of weeks ahead."""
    rows = []
    for _, row in rolled.scores.iterrows():
        r2 = "–" if pd.isna(row["r2"]) else f"{row['r2']:.2f}".replace("-", "−")
        rows.append(
            [
                "all" if row["horizon"] == WHOLE else str(row["horizon"]),
                str(row["values"]),
                number(row["crps"]),
                number(row["rmse"]),
                "–" if pd.isna(row["mape"]) else f"{row['mape']:.1%}",
                r2,
                f"{row['coverage_90']:.0%}",
            ]
        )
    head = (
        "weeks ahead", "forecasts", "CRPS", "RMSE", "mean absolute error", "R²",
        "inside their 90% interval",
    )  # fmt: skip
    return table(head, rows)


def forecast_says(rolled: Rolled) -> str:
    """The same in a sentence; empty without forecasts."""
    if rolled.scores.empty:
        return ""
    one = rolled.scores[rolled.scores["horizon"].astype(str) == WHOLE].iloc[0]
    return (
        f"Each window predicted the weeks after it, their spends and controls given (those of "
        f"channels in the middle too): {one['coverage_90']:.0%} of {int(one['values'])} forecasts "
        "lie in their 90% predictive intervals. Forecasts of neighbouring windows are of the same "
        "weeks and by nearly the same data, so they count as fewer than they are."
    )


def _fits(fits: list[dict[str, Any]]) -> Table:
    rows = [
        [
            f"{fit['window_start']} to {fit['window_end']}",
            {"pass": "passed", "warn": "warning", "fail": "failed"}[fit["verdict"]],
            f"{fit['rhat']:.3f}",
            f"{fit['ess_bulk']:.0f}",
            f"{fit['ess_tail']:.0f}",
            f"{fit['divergences']:.0f}",
            f"{fit['sampling_seconds']:.1f}",
        ]
        for fit in fits
    ]
    head = ("window", "checks", "R-hat", "bulk ESS", "tail ESS", "divergences", "seconds")
    return table(head, rows)


def _provenance(record: dict[str, Any]) -> Table:
    settings = record["inputs"]["settings"]
    rows = [
        ("command", record["command"]),
        ("started", record["started"]),
        ("commit", str(record["git_commit"])),
        ("table's SHA-256", record["inputs"]["data_sha256"]),
        ("sampling", ", ".join(f"{name} {value}" for name, value in settings.items())),
        ("wall seconds", str(record["wall_seconds"])),
        ("versions", ", ".join(f"{name} {value}" for name, value in record["versions"].items())),
    ]
    return table(("", ""), rows)


def _panels(rolled: Rolled, height: float = 2.2) -> tuple[Any, list[Any]]:
    """A figure with an axes for each channel."""
    columns = min(COLUMNS, len(rolled.channels))
    rows = -(-len(rolled.channels) // columns)
    made, axes = figure(rows, columns, width=9.5, height=0.6 + height * rows, across=0.45)
    for spare in axes.ravel()[len(rolled.channels) :]:
        spare.set_visible(False)
    return made, list(axes.ravel())


def pictures(rolled: Rolled) -> Iterator[Picture]:
    """Draw the figures of a rolling job, one after the other."""
    channels = rolled.channels
    bands = (
        "Dots: each window's median at its last week; band: its 90% interval. The grey strip is "
        "the first window's interval, from end to end."
    )
    made, axes = figure(width=9.5, height=1.4 + 0.62 * len(channels))
    draw.variation_bars(axes[0, 0], rolled.stability, channels, CLASSES)
    yield Picture(
        "variation",
        "Coefficient of variation of each channel's contribution over the windows: "
        + listed([f"{name} {_cv(rolled, name)}" for name in channels])
        + ".",
        "How much each channel's contribution, and its direct and indirect part, varied over the "
        "windows, noise taken out; the upright mark is what the windows' estimates show with their "
        "noise. An interval that crosses a limit leaves the class open; one that reaches the right "
        "edge goes on.",
        made, vector=True,
    )  # fmt: skip
    for name, estimand, label, times, log, words in (
        ("windows", "contribution_share", f"% of {rolled.outcome}", 100.0, False,
         f"Share of {rolled.outcome} that each channel's total effect is, window by window."),
        ("roas", "roas", "ROAS", 1.0, False,
         f"{rolled.outcome} per unit of money spent, window by window."),
        ("retention", "retention", "carryover", 1.0, False,
         "Share of an effect that is kept from week to week."),
        ("saturation", "half_saturation", "exposure", 1.0, True,
         "Exposure of a week at which half of the greatest effect is reached (logarithmic)."),
    ):  # fmt: skip
        rows = rolled.answer(estimand)
        if rows.empty:
            continue
        made, panels = _panels(rolled)
        draw.over_windows(panels, rows, channels, label=label, times=times, log=log)
        yield Picture(name, f"{words} Channels: {listed(channels)}.", f"{words} {bands}", made)
    paths = rolled.rolling[rolled.rolling["estimand"].isin(["direct", "indirect"])]
    if paths.loc[paths["estimand"] == "indirect", ["lower", "upper"]].to_numpy().any():
        weeks = (paths["window_end"] - paths["window_start"]).dt.days
        step = int(rolled.record["step_days"])
        shared = paths.copy()
        shared[["median", "lower", "upper"]] = paths[["median", "lower", "upper"]].div(
            weeks / step + 1, axis=0
        )
        made, panels = _panels(rolled)
        draw.paths_over_windows(
            panels, shared, channels, label=f"{rolled.outcome} per week", times=1.0
        )
        yield Picture(
            "paths",
            f"Direct and indirect effects per week, window by window, of {listed(channels)}.",
            "Effect per week by path. An indirect band that reaches 0 is a window that gives no "
            "evidence of mediation.",
            made,
        )
    if not rolled.forecast.empty:
        yield from _forecasts(rolled)
    subsets = rolled.subsets
    if not subsets.empty:
        rows = subsets[(subsets["estimand"] == "total") & (subsets["subset"] != "difference")]
        controls = list(dict.fromkeys(rows["control"]))
        made, parts = figure(
            1, len(controls), width=9.5, height=1.2 + 0.5 * len(channels), left=1.0, across=1.0
        )
        draw.subset_means(list(parts[0]), rows, channels, label=f"{rolled.outcome} per week")
        yield Picture(
            "subsets",
            f"Contribution per week within subsets of the weeks by {listed(controls)}.",
            "Contribution per week, mean and 90% interval, where the control is off (low) and on "
            "(high).",
            made, vector=True,
        )  # fmt: skip


def _forecasts(rolled: Rolled) -> Iterator[Picture]:
    observed = rolled.forecast.drop_duplicates("date").set_index("date")["observed"].sort_index()
    made, axes = figure(width=9.5, height=3.4)
    draw.forecasts(axes[0, 0], rolled.forecast, observed, name=rolled.outcome)
    yield Picture(
        "forecasts",
        f"Forecasts of {rolled.outcome} by each window, and what came.",
        "Each window's forecast of the weeks after it, which it had not seen; colours take turns "
        "so that neighbours can be told apart.",
        made,
    )
    rows = rolled.scores[rolled.scores["horizon"].astype(str) != WHOLE]
    made, axes = figure(1, 2, width=9.5, height=2.8, top=0.65)
    draw.horizon_scores(list(axes[0]), rows.assign(horizon=rows["horizon"].astype(int)),
                        name=rolled.outcome)  # fmt: skip
    yield Picture(
        "horizons",
        "Error and coverage of the forecasts by the number of weeks ahead.",
        "How far ahead the forecasts can be trusted. Few forecasts make each point, so single "
        "points jump.",
        made, vector=True,
    )  # fmt: skip


def _cv(rolled: Rolled, channel: str) -> str:
    mine = rolled.stability
    rows = mine[(mine["channel"] == channel) & (mine["estimand"] == "contribution")]
    return "none" if rows.empty else f"{rows.iloc[0]['cv']:.2f} ({rows.iloc[0]['class']})"
