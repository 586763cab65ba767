"""Several runs on one page: what differs in them, and what that does to the answers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from mmm_bayes.comparison.holdout import SHOWN
from mmm_bayes.comparison.loading import read
from mmm_bayes.comparison.saved import Ranked, from_saved
from mmm_bayes.errors import InputError
from mmm_bayes.files import refuse_taken
from mmm_bayes.plots.comparison import shortened
from mmm_bayes.plots.side_by_side import intervals
from mmm_bayes.plots.style import figure
from mmm_bayes.report import settings
from mmm_bayes.report.page import write_page
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.report.tables import GROUPS, SCORES, Table, score, table
from mmm_bayes.report.words import Summary, listed, spread

ESTIMANDS = {
    "total": "Total effect",
    "direct": "Direct effect",
    "indirect": "Indirect effect",
    "roas": "ROAS",
}
_WORST = ("pass", "warn", "fail")
_VERDICTS = {"pass": "passed", "warn": "warning", "fail": "failed"}


def render_side_by_side(folders: Sequence[Path], page: Path) -> Path:
    """Write a page that compares runs; nothing is fitted and no run is changed.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Two or more run folders.
    page : pathlib.Path
        A new file, one that needs no other.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    InputError
        If a folder is not a finished run, is given twice, or if the page is taken.
    """
    if page.suffix not in (".html", ".htm"):
        raise InputError(f"--out {page} is to be a page: give it a name that ends in .html")
    refuse_taken(page)
    runs = {name: View(run) for name, run in read(folders).items()}
    return write_page(page, "side_by_side.html.j2", _context(runs, page), _pictures(runs))


def _context(runs: Mapping[str, View], page: Path) -> dict[str, object]:
    verdicts = {name: _verdict(run) for name, run in runs.items()}
    outcomes = list(dict.fromkeys(run.outcome for run in runs.values()))
    return {
        "outcome": listed(outcomes),
        "names": list(runs),
        "runs": [
            {
                "name": name,
                "model": run.record.get("model", ""),
                "verdict": verdicts[name],
                "word": _VERDICTS[verdicts[name]],
                "page": _link(run, page),
                "folder": run.run.folder,
            }
            for name, run in runs.items()
        ],
        "verdict": max(verdicts.values(), key=_WORST.index),
        "title": _title(list(verdicts.values())),
        "checks": _checks(runs),
        "tables_say": _tables_say(runs),
        "differences": [
            (title, settings.differing({name: facts(run) for name, run in runs.items()}))
            for title, facts in (
                ("The data", settings.data),
                ("The model", settings.model),
                ("The fit", settings.fit),
            )
        ],
        "agreement": _agreement(runs),
        "effects": [(title, _effects(runs, key)) for key, title in ESTIMANDS.items()],
        "multiplies": [name for name, run in runs.items() if run.multiplies],
        "prediction": [
            (told, _ranks(told) if isinstance(told, Ranked) else None) for told in _predict(runs)
        ],
    }


def _verdict(run: View) -> str:
    known = run.diagnostics.get("verdict")
    return known if known in _WORST else "fail"


def _title(verdicts: list[str]) -> str:
    failed = verdicts.count("fail")
    if failed:
        return f"FAIL in {failed} of {len(verdicts)} runs: do not use their numbers"
    warned = verdicts.count("warn")
    return f"WARNING in {warned} of {len(verdicts)} runs" if warned else "PASS in all runs"


def _link(run: View, page: Path) -> str:
    """From the page to a run's own report; "" if it has none."""
    report = run.run.folder / "report.html"
    if not report.is_file():
        return ""
    way = os.path.relpath(report.resolve(), page.resolve().parent)
    return quote(Path(way).as_posix())


def _checks(runs: Mapping[str, View]) -> Table | None:
    """Checks that did not pass in every run, side by side."""
    found = {
        name: {_of(check): check for check in run.diagnostics.get("checks", [])}
        for name, run in runs.items()
    }
    rows: list[list[str | tuple[str, ...]]] = []
    for key in dict.fromkeys(key for one in found.values() for key in one):
        mine = [one.get(key) for one in found.values()]
        if all(check is None or check["status"] == "pass" for check in mine):
            continue
        cells = [
            settings.MISSING
            if check is None
            else (_VERDICTS.get(check["status"], check["status"]), str(check["says"]))
            for check in mine
        ]
        rows.append([GROUPS.get(key[0], key[0]), *cells])
    return table(("check", *runs), rows) if rows else None


def _of(check: Mapping[str, Any]) -> tuple[str, str]:
    """What makes two runs' checks the same; notes on a table are numbered, so their words do."""
    group = str(check.get("group"))
    return group, str(check.get("says" if group == "data" else "name"))


def _tables_say(runs: Mapping[str, View]) -> str:
    groups = _by_table(runs)
    if len(groups) == 1:
        return "All runs were fitted to the same table."
    parts = [listed(list(names)) for names in groups]
    return (
        f"The runs were fitted to {len(groups)} different tables: "
        f"{'; '.join(parts)}. Effects of different tables may differ because the markets do."
    )


def _by_table(runs: Mapping[str, View]) -> list[list[str]]:
    """Names of the runs of each table, in the order given."""
    groups: dict[str, list[str]] = {}
    for name, run in runs.items():
        groups.setdefault(str(run.record.get("data_sha256")), []).append(name)
    return list(groups.values())


def _percent(run: View, channel: str, estimand: str) -> Summary:
    """An answer in % of the outcome, a return in units of it; nan where there is none."""
    one = run.summary(channel, estimand)
    return one if estimand == "roas" else one.times(100 / float(run.observed.sum()))


def _channels(runs: Mapping[str, View]) -> list[str]:
    return list(dict.fromkeys(name for run in runs.values() for name in run.channels))


def _agreement(runs: Mapping[str, View]) -> list[str]:
    """For each channel's total effect, whether the runs could be saying the same."""
    agreed: list[str] = []
    said: list[str] = []
    for channel in _channels(runs):
        told = {name: _percent(run, channel, "total") for name, run in runs.items()}
        known = {name: one for name, one in told.items() if np.isfinite(one.mean)}
        inside = all(
            theirs.lower <= mine.mean <= theirs.upper
            for mine in known.values()
            for theirs in known.values()
        )
        if len(known) < 2:
            said.append(f"{channel} is in {listed(list(known))} alone.")
        elif inside:
            agreed.append(channel)
        else:
            means = listed([f"{spread(one, unit='%')[0]} in {name}" for name, one in known.items()])
            said.append(f"On {channel} they differ by more than their intervals allow: {means}.")
    if agreed:
        said.insert(
            0,
            f"On the total effect of {listed(agreed)} the runs agree: every run's mean lies in the "
            "90% interval of every other.",
        )
    return said


def _effects(runs: Mapping[str, View], estimand: str) -> Table | None:
    """One quantity, a row for each channel and a column for each run; None where it is zero."""
    rows = []
    anything = False
    for channel in _channels(runs):
        cells: list[str | tuple[str, ...]] = [channel]
        for run in runs.values():
            amount = run.summary(channel, estimand)
            anything |= amount.exists
            if estimand == "roas":
                has = channel in run.channels and run.paid(channel)
                cells.append(spread(amount) if has else settings.MISSING)
                continue
            share, shares = spread(_percent(run, channel, estimand), unit="%")
            cells.append((share, shares, spread(amount)[0] if amount.exists else ""))
        rows.append(cells)
    return table(("channel", *runs), rows) if anything else None


def _predict(runs: Mapping[str, View]) -> Iterator[Ranked | str]:
    """A ranking of the runs of each table, or why there is none."""
    groups = _by_table(runs)
    for names in groups:
        if len(names) == 1:
            yield (
                f"{names[0]} is the only run of its table: how well it predicts can't be compared "
                "with runs that predict something else."
            )
            continue
        try:
            yield from_saved({name: runs[name].run for name in names})
        except InputError as refusal:
            yield f"Leave-one-out does not compare {listed(names)}: {refusal}."


def _ranks(told: Ranked) -> Table:
    rows: list[list[str | tuple[str, ...]]] = []
    ranked: Any = told.table.itertuples(index=False)
    for at, row in enumerate(ranked):
        behind = ("best", "") if at == 0 else _with_error(row.elpd_diff, row.diff_se)
        rows.append(
            [
                str(row.run),
                _with_error(row.elpd, row.elpd_se),
                behind,
                f"{row.weight:.0%}",
                *(
                    "–" if pd.isna(v := getattr(row, key)) else score(key, float(v))
                    for key in SHOWN
                ),
            ]
        )
    head = ("run", "ELPD", "behind the best", "weight", *(SCORES[key] for key in SHOWN))
    return table(head, rows)


def _with_error(value: float, error: float) -> tuple[str, str]:
    return f"{round(value, 1) + 0.0:,.1f}".replace("-", "−"), f"± {error:,.1f}"


def _pictures(runs: Mapping[str, View]) -> Iterator[Picture]:
    channels = _channels(runs)
    values = {
        key: np.array(
            [
                [
                    (one.mean, one.lower, one.upper)
                    for one in (_percent(r, c, key) for r in runs.values())
                ]
                for c in channels
            ]
        )
        for key in ESTIMANDS
    }
    shown = [key for key, found in values.items() if np.nan_to_num(found).any()]
    names = [shortened(name) for name in runs]
    keyed = 0.24 * -(-len(names) // 3)
    longest = max(map(len, channels))
    made, axes = figure(
        1, len(shown), width=9, sharey=True, across=0.2, left=0.3 + 0.065 * longest, bottom=0.55,
        height=1.1 + keyed + len(channels) * (0.22 + 0.15 * len(runs)), top=0.4 + keyed,
    )  # fmt: skip
    outcomes = {run.outcome for run in runs.values()}
    whole = outcomes.pop() if len(outcomes) == 1 else "the outcome"
    for ax, key in zip(axes[0], shown, strict=True):
        label = f"{whole} per unit of money" if key == "roas" else f"% of {whole}"
        intervals(ax, values[key], channels, names, label=label)
        ax.set_title(ESTIMANDS[key])
    made.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="upper left", ncols=3, borderaxespad=0.3
    )
    yield Picture(
        "side-by-side",
        f"Effects and returns of {listed(channels)} according to {listed(list(runs))}, with 90% "
        "intervals.",
        "Each channel as every run has it: posterior means and 90% intervals, in the order of the "
        "key. Runs of one table share its noise, so their intervals are not independent, and an "
        "overlap is no test that they agree.",
        made, vector=True,
    )  # fmt: skip
