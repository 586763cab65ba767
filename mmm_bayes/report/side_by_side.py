"""Several runs on one page: how their settings differ, and what that does to the estimates."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from mmm_bayes.comparison.holdout import SCORE_COLUMNS
from mmm_bayes.comparison.runs import read_runs
from mmm_bayes.comparison.saved import SavedRanking, rank_saved_runs
from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.errors import InputError
from mmm_bayes.files import check_free
from mmm_bayes.plots.comparison import intervals_by_run, shorten
from mmm_bayes.plots.style import figure
from mmm_bayes.report import settings
from mmm_bayes.report.cells import Cell, Row, Table, estimate_cell, make_table, number_cell
from mmm_bayes.report.page import write_page
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.report.tables import ALL_CHANNELS, GROUPS, SCORES, score_cell
from mmm_bayes.report.verdict import STATUS, read_verdict
from mmm_bayes.text import MISSING, Summary, join_names, log_units, mean_and_interval, percent

ESTIMANDS = {
    "total": "Total effect",
    "direct": "Direct effect",
    "indirect": "Indirect effect",
    "roas": "ROAS",
}
#: Verdicts in ascending severity.
_VERDICTS = ("pass", "warn", "fail")


def render_side_by_side(folders: Sequence[Path], page: Path) -> Path:
    """Write a page that compares runs; nothing is fitted and no run is changed.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Two or more run folders.
    page : pathlib.Path
        A new HTML file, which needs no other file.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    InputError
        If a folder is not a finished run or is given twice, if the page exists already, or if its
        name does not end in ``.html``.
    """
    if page.suffix not in (".html", ".htm"):
        raise InputError(f"--out {page} must be a page: give it a name that ends in .html")
    check_free(page)
    runs = {name: View(run) for name, run in read_runs(folders).items()}
    words = next(iter(runs.values())).words
    return write_page(page, "side_by_side.html.j2", _context(runs, page), _pictures(runs), words)


def _context(runs: Mapping[str, View], page: Path) -> dict[str, object]:
    verdicts = {name: read_verdict(run).verdict for name, run in runs.items()}
    return {
        "outcome": join_names(list(dict.fromkeys(run.outcome for run in runs.values()))),
        "names": list(runs),
        "runs": [
            {
                "name": name,
                "model": run.record.get("model", ""),
                "verdict": verdicts[name],
                "status": STATUS[verdicts[name]],
                "page": _link(run, page),
                "folder": run.run.folder,
            }
            for name, run in runs.items()
        ],
        "verdict": max(verdicts.values(), key=_VERDICTS.index),
        "title": _title(list(verdicts.values())),
        "checks": _checks(runs),
        "tables_sentence": _tables_sentence(runs),
        "differences": [
            (title, settings.differences({name: read(run) for name, run in runs.items()}))
            for title, read in (
                ("The data", settings.data_settings),
                ("The model", settings.model_settings),
                ("The fit", settings.fit_settings),
            )
        ],
        "agreement": _agreement_sentences(runs),
        "effects": [(title, _estimand_table(runs, key)) for key, title in ESTIMANDS.items()],
        "multiplicative": [name for name, run in runs.items() if run.multiplicative],
        "rankings": [
            (ranking, _ranking_table(ranking) if isinstance(ranking, SavedRanking) else None)
            for ranking in _rankings(runs)
        ],
    }


def _title(verdicts: list[str]) -> str:
    failed = verdicts.count("fail")
    if failed:
        return f"FAIL in {failed} of {len(verdicts)} runs: do not use their numbers"
    warned = verdicts.count("warn")
    return f"WARNING in {warned} of {len(verdicts)} runs" if warned else "PASS in all runs"


def _link(run: View, page: Path) -> str:
    """Link from the page to a run's own report; "" if it has none."""
    report = run.run.folder / "report.html"
    if not report.is_file():
        return ""
    path = os.path.relpath(report.resolve(), page.resolve().parent)
    return quote(Path(path).as_posix())


def _checks(runs: Mapping[str, View]) -> Table | None:
    """Checks that did not pass in every run, side by side."""
    checks = [
        {_check_key(check): check for check in run.diagnostics.get("checks", [])}
        for run in runs.values()
    ]
    rows: list[Row] = []
    for key in dict.fromkeys(key for of_run in checks for key in of_run):
        results = [of_run.get(key) for of_run in checks]
        if all(check is None or check["status"] == "pass" for check in results):
            continue
        cells = [
            Cell(MISSING)
            if check is None
            else Cell(STATUS.get(check["status"], check["status"]), below=(str(check["message"]),))
            for check in results
        ]
        rows.append([GROUPS.get(key[0], key[0]), *cells])
    return make_table(("check", *runs), rows) if rows else None


def _check_key(check: Mapping[str, Any]) -> tuple[str, str]:
    """Key of a check, the same in all runs; notes on a table are numbered, so their text is it."""
    group = str(check.get("group"))
    return group, str(check.get("message" if group == "data" else "name"))


def _tables_sentence(runs: Mapping[str, View]) -> str:
    groups = _by_table(runs)
    if len(groups) == 1:
        return "All runs were fitted to the same table."
    return (
        f"The runs were fitted to {len(groups)} different tables: "
        f"{'; '.join(map(join_names, groups))}. Effects may differ between tables because the "
        "markets do."
    )


def _by_table(runs: Mapping[str, View]) -> list[list[str]]:
    """Names of the runs of each table, in the order given."""
    groups: dict[str, list[str]] = {}
    for name, run in runs.items():
        groups.setdefault(str(run.record.get("data_sha256")), []).append(name)
    return list(groups.values())


def _estimand(run: View, channel: str, estimand: str) -> Summary:
    """Estimand in percent of the outcome, a return in units of it; NaN where there is none."""
    summary = run.summary(channel, estimand)
    return summary if estimand == "roas" else summary.times(100 / run.outcome_sum)


def _channels(runs: Mapping[str, View]) -> list[str]:
    return list(dict.fromkeys(name for run in runs.values() for name in run.channels))


def _rows(runs: Mapping[str, View]) -> dict[str, str]:
    """Keys and names of the rows: every channel, and all media together."""
    joint = any(run.summary(ALL_MEDIA, "total").exists for run in runs.values())
    channels = {name: name for name in _channels(runs)}
    return channels | {ALL_MEDIA: ALL_CHANNELS} if joint else channels


def _agreement_sentences(runs: Mapping[str, View]) -> list[str]:
    """Compatibility of the runs' total effects, for each channel and for all together."""
    agreed: list[str] = []
    sentences: list[str] = []
    for channel, title in _rows(runs).items():
        totals = {name: _estimand(run, channel, "total") for name, run in runs.items()}
        totals = {name: total for name, total in totals.items() if np.isfinite(total.mean)}
        compatible = all(
            other.lower <= total.mean <= other.upper
            for total in totals.values()
            for other in totals.values()
        )
        if len(totals) < 2 and channel == ALL_MEDIA:
            continue
        if len(totals) < 2:
            sentences.append(f"Only {join_names(list(totals))} has the channel {channel}.")
        elif compatible:
            agreed.append(title)
        else:
            means = [
                f"{mean_and_interval(total, unit='%')[0]} in {name}"
                for name, total in totals.items()
            ]
            sentences.append(
                f"On {title} they differ by more than their intervals allow: {join_names(means)}."
            )
    if agreed:
        sentences.insert(
            0,
            f"On the total effect of {join_names(agreed)} the runs agree: every run's mean lies in "
            "the 90% interval of every other.",
        )
    return sentences


def _estimand_table(runs: Mapping[str, View], estimand: str) -> Table | None:
    """An estimand, a row for each channel and a column for each run; None where it is zero."""
    rows: list[Row] = []
    exists = False
    for channel, title in _rows(runs).items():
        row: Row = [title]
        of_runs = [run.summary(channel, estimand) for run in runs.values()]
        if channel == ALL_MEDIA and not any(amount.exists for amount in of_runs):
            continue
        for run, amount in zip(runs.values(), of_runs, strict=True):
            exists |= amount.exists
            if estimand == "roas":
                paid = channel == ALL_MEDIA or (channel in run.channels and run.has_spend(channel))
                row.append(estimate_cell(amount) if paid else MISSING)
                continue
            cell = estimate_cell(_estimand(run, channel, estimand), unit="%")
            amounts = (mean_and_interval(amount)[0],) if amount.exists else ()
            row.append(Cell(cell.text, cell.value, (*cell.below, *amounts)))
        rows.append(row)
    return make_table(("channel", *runs), rows) if exists else None


def _rankings(runs: Mapping[str, View]) -> Iterator[SavedRanking | str]:
    """A ranking of the runs of each table, or why there is none."""
    for names in _by_table(runs):
        if len(names) == 1:
            yield (
                f"{names[0]} is the only run of its table: its predictions can't be compared with "
                "those of runs that predict something else."
            )
            continue
        try:
            yield rank_saved_runs({name: runs[name].run for name in names})
        except InputError as error:
            yield f"Leave-one-out does not compare {join_names(names)}: {error}."


def _ranking_table(ranking: SavedRanking) -> Table:
    rows: list[Row] = []
    for index, row in ranking.table.reset_index(drop=True).iterrows():
        behind = number_cell(row["elpd_diff"], log_units, f"± {log_units(row['diff_se'])}")
        rows.append(
            [
                str(row["run"]),
                number_cell(row["elpd"], log_units, f"± {log_units(row['elpd_se'])}"),
                Cell("best", row["elpd_diff"]) if index == 0 else behind,
                number_cell(row["weight"], percent),
                *(score_cell(key, row[key]) for key in SCORE_COLUMNS),
            ]
        )
    head = ("run", "ELPD", "behind the best", "weight", *(SCORES[key] for key in SCORE_COLUMNS))
    return make_table(head, rows)


def _pictures(runs: Mapping[str, View]) -> Iterator[Picture]:
    rows = _rows(runs)
    values = {
        key: np.array(
            [
                [tuple(vars(_estimand(run, channel, key)).values()) for run in runs.values()]
                for channel in rows
            ]
        )
        for key in ESTIMANDS
    }
    channels = list(rows.values())
    shown = [key for key in ESTIMANDS if np.nan_to_num(values[key]).any()]
    names = [shorten(name) for name in runs]
    legend_height = 0.24 * -(-len(names) // 3)
    longest = max(map(len, channels))
    drawing, axes = figure(
        1, len(shown), width=9, sharey=True, across=0.2, left=0.3 + 0.065 * longest, bottom=0.55,
        height=1.1 + legend_height + len(channels) * (0.22 + 0.15 * len(runs)),
        top=0.4 + legend_height,
    )  # fmt: skip
    outcomes = {run.outcome for run in runs.values()}
    outcome = outcomes.pop() if len(outcomes) == 1 else "the outcome"
    for ax, key in zip(axes[0], shown, strict=True):
        label = f"{outcome} per unit of money" if key == "roas" else f"% of {outcome}"
        intervals_by_run(ax, values[key], channels, names, label=label)
        ax.set_title(ESTIMANDS[key])
    drawing.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="upper left", ncols=3, borderaxespad=0.3
    )
    yield Picture(
        "side-by-side",
        f"Effects and returns of {join_names(channels)} according to {join_names(list(runs))}, "
        "with 90% intervals.",
        "Effects and returns according to every run: posterior means and 90% intervals, in the "
        "order of the key. Runs of one table share its noise, so their intervals are not "
        "independent, and an overlap is not a test of agreement.",
        drawing,
        vector=True,
    )
