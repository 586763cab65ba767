"""The tables of a rolling job's page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.report.rolling.folder import Rolled
from mmm_bayes.report.rolling.words import SHOWN, percent
from mmm_bayes.report.tables import Table, table
from mmm_bayes.report.words import number


def stability_table(rolled: Rolled) -> Table:
    """How much each answer varied over the windows, noise taken out."""
    rows = []
    for channel in rolled.channels:
        for estimand, what in SHOWN.items():
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
                    percent(one["change"]),
                    f"{percent(one['change_lower'])} to {percent(one['change_upper'])}",
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


def fits_table(fits: list[dict[str, Any]]) -> Table:
    """How each window sampled.

    Parameters
    ----------
    fits : list of dict
        As ``rolling.json`` has them.
    """
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


def provenance_table(record: dict[str, Any]) -> Table:
    """By what command, from what table and with what versions the job was done.

    Parameters
    ----------
    record : dict
        ``rolling.json``.
    """
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
