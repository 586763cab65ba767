"""What a comparison leaves behind: two tables, the rest as JSON, and a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from mmm_bayes.comparison.loo import LeaveOneOut
from mmm_bayes.comparison.ranking import SMALL, apart
from mmm_bayes.files import new_folder
from mmm_bayes.plots.comparison import differences, lead_over_time
from mmm_bayes.plots.style import figure, styled

COLUMNS = (
    "run", "elpd", "elpd_se", "elpd_diff", "diff_se", "weight",
    "crps", "r2", "rmse", "mape", "coverage_90",
)  # fmt: skip


def pointwise(found: Mapping[str, LeaveOneOut]) -> pd.DataFrame:
    """Every week of every run.

    Returns
    -------
    pandas.DataFrame
        Columns run, date, elpd, pareto_k (as found, before any refit) and refitted.
    """
    parts = []
    for name, one in found.items():
        values = one.pareto_k.to_dataset(name="pareto_k").assign(
            elpd=one.elpd.elpd_i, refitted=one.refitted
        )
        frame = values.to_dataframe().reset_index()
        parts.append(frame.rename(columns={"time": "date"}).assign(run=name))
    table = pd.concat(parts, ignore_index=True)
    return table[["run", "date", "elpd", "pareto_k", "refitted"]]


def save(
    out: Path, table: pd.DataFrame, found: Mapping[str, LeaveOneOut], rest: dict[str, Any]
) -> None:
    """Write the folder of a comparison, whole or not at all.

    Parameters
    ----------
    out : pathlib.Path
    table : pandas.DataFrame
        What ``compare.csv`` holds, best run first.
    found : mapping of str to LeaveOneOut
    rest : dict
        What ``compare.json`` holds.

    Raises
    ------
    InputError
        If the folder is taken.
    """
    with new_folder(out) as draft:
        table.to_csv(draft / "compare.csv", index=False, lineterminator="\n")
        pointwise(found).to_csv(draft / "pointwise.csv", index=False, lineterminator="\n")
        text = json.dumps(rest, indent=1, allow_nan=False, ensure_ascii=False)
        (draft / "compare.json").write_text(text + "\n", encoding="utf-8")
        with styled():
            drawn = picture(table, found)
            drawn.savefig(draft / "compare.png", metadata={"Software": None})
            drawn.savefig(draft / "compare.svg", metadata={"Date": None})


def picture(table: pd.DataFrame, found: Mapping[str, LeaveOneOut]) -> Figure:
    """The ranking, and the best run against the second week by week."""
    best, second = (str(name) for name in table["run"][:2])
    rows: Any = table.itertuples(index=False)
    verdicts = [_verdict(row, best, found) for row in rows]
    made, axes = figure(
        1, 2, width=12, height=max(3.4, 1.6 + 0.62 * len(table)), left=0.3, across=0.9, top=0.7
    )
    differences(axes[0, 0], table.assign(verdict=verdicts), tie=SMALL)
    each = [found[name].elpd.elpd_i for name in (best, second)]
    lead_over_time(
        axes[0, 1],
        each[0] - each[1],
        found[best].refitted | found[second].refitted,
        best=best,
        second=second,
        tie=SMALL,
    )
    return made


def _verdict(row: Any, best: str, found: Mapping[str, LeaveOneOut]) -> str:
    doubtful = "" if not found[row.run].left_bad else " (leave-one-out unreliable)"
    if row.run == best:
        return f"best{doubtful}"
    if doubtful or found[best].left_bad:
        return f"not told from the best{doubtful}"
    return "worse" if apart(row.elpd_diff, row.diff_se) else "can't be told from the best"
