"""Tables of a rolling job's page."""

from __future__ import annotations

from functools import partial
from typing import Any

from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.report.cells import Cell, Row, Table, make_table, number_cell
from mmm_bayes.report.rolling.folder import RollingResults
from mmm_bayes.report.rolling.sentences import NAMES
from mmm_bayes.report.tables import ALL_CHANNELS
from mmm_bayes.report.verdict import STATUS
from mmm_bayes.text import count, fixed, number, percent


def stability_table(results: RollingResults) -> Table:
    """Variation of each estimate over the windows, estimation noise removed."""
    change = partial(percent, signed=True)
    rows: list[Row] = []
    for channel in (*results.channels, ALL_MEDIA):
        for estimand, name in NAMES.items():
            row = results.variation(channel, estimand)
            if row is None:
                continue
            rows.append(
                [
                    ALL_CHANNELS if channel == ALL_MEDIA else channel,
                    name,
                    number_cell(
                        row["cv"], fixed, f"{fixed(row['cv_lower'])} to {fixed(row['cv_upper'])}"
                    ),
                    f"{row['class']} ({percent(row['p_' + row['class']])})",
                    number_cell(row["cv_naive"], fixed),
                    number_cell(
                        row["change"],
                        change,
                        f"{change(row['change_lower'])} to {change(row['change_upper'])}",
                    ),
                    "inside" if row["held"] else "outside",
                ]
            )
    head = (
        "channel", "estimate", "coefficient of variation", "class (its probability)",
        "of the estimates, noise included", "first to last window", "last in the first's interval",
    )  # fmt: skip
    return make_table(head, rows)


def scores_table(results: RollingResults) -> Table:
    """Scores of the forecasts, by the number of weeks ahead."""
    rows: list[Row] = []
    for _, row in results.scores.iterrows():
        horizon = str(row["horizon"])
        rows.append(
            [
                "all" if horizon == ALL_UNITS else Cell(horizon, float(horizon)),
                number_cell(row["values"], count),
                number_cell(row["crps"]),
                number_cell(row["rmse"]),
                number_cell(row["mape"], percent),
                number_cell(row["r2"], fixed),
                number_cell(row["coverage_90"], percent),
            ]
        )
    head = (
        "weeks ahead", "forecasts", "CRPS", "RMSE", "mean absolute percentage error", "R²",
        "inside their 90% interval",
    )  # fmt: skip
    return make_table(head, rows)


def fits_table(fits: list[dict[str, Any]]) -> Table:
    """Convergence and sampling time of each window.

    Parameters
    ----------
    fits : list of dict
        Fits of the windows as in ``rolling.json``.
    """
    rows: list[Row] = [
        [
            f"{fit['window_start']} to {fit['window_end']}",
            STATUS[fit["verdict"]],
            number_cell(fit["rhat"], partial(fixed, places=3)),
            number_cell(fit["ess_bulk"]),
            number_cell(fit["ess_tail"]),
            number_cell(fit["divergences"], count),
            number_cell(fit["sampling_seconds"], number),
        ]
        for fit in fits
    ]
    head = ("window", "checks", "R-hat", "bulk ESS", "tail ESS", "divergences", "seconds")
    return make_table(head, rows)


def provenance_table(record: dict[str, Any]) -> Table:
    """Command, table and versions of the job.

    Parameters
    ----------
    record : dict
        ``rolling.json``.
    """
    settings = record["inputs"]["settings"]
    rows: list[Row] = [
        ["command", record["command"]],
        ["started", record["started"]],
        ["commit", str(record["git_commit"])],
        ["table's SHA-256", record["inputs"]["data_sha256"]],
        ["sampling", ", ".join(f"{name} {value}" for name, value in settings.items())],
        ["wall seconds", str(record["wall_seconds"])],
        ["versions", ", ".join(f"{name} {value}" for name, value in record["versions"].items())],
    ]
    return make_table(("", ""), rows)
