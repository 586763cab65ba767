"""Files of a comparison: two tables, a JSON record and a figure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from mmm_bayes.comparison.loo import LeaveOneOut
from mmm_bayes.comparison.ranking import NEGLIGIBLE_DIFFERENCE, are_distinguishable
from mmm_bayes.data.step import Wording
from mmm_bayes.files import write_folder
from mmm_bayes.plots.comparison import elpd_differences, lead_over_time
from mmm_bayes.plots.letters import complete_fonts, warn_of_letters
from mmm_bayes.plots.style import figure, figure_style
from mmm_bayes.plots.wording import figure_in_steps

COLUMNS = (
    "run", "elpd", "elpd_se", "elpd_diff", "diff_se", "weight",
    "crps", "r2", "rmse", "mape", "coverage_90",
)  # fmt: skip


def pointwise_table(loos: Mapping[str, LeaveOneOut]) -> pd.DataFrame:
    """ELPD of each week in each run, the content of ``pointwise.csv``.

    Returns
    -------
    pandas.DataFrame
        Columns run, date, elpd, pareto_k (before any refit) and refitted.
    """
    parts = []
    for name, loo in loos.items():
        values = loo.pareto_k.to_dataset(name="pareto_k").assign(
            elpd=loo.elpd.elpd_i, refitted=loo.refitted
        )
        frame = values.to_dataframe().reset_index()
        parts.append(frame.rename(columns={"time": "date"}).assign(run=name))
    table = pd.concat(parts, ignore_index=True)
    return table[["run", "date", "elpd", "pareto_k", "refitted"]]


def save_comparison(
    out: Path,
    table: pd.DataFrame,
    loos: Mapping[str, LeaveOneOut],
    record: dict[str, Any],
    words: Wording,
) -> Path:
    """Write the folder of a comparison, atomically.

    Parameters
    ----------
    table : pandas.DataFrame
        Content of ``compare.csv``, best run first.
    record : dict
        Content of ``compare.json``.
    words : Wording
        Words of the table that the runs were fitted to.

    Returns
    -------
    pathlib.Path
        The folder; another name where `write_folder` found this one taken.
    """

    def write(draft: Path) -> None:
        table.to_csv(draft / "compare.csv", index=False, lineterminator="\n")
        pointwise_table(loos).to_csv(draft / "pointwise.csv", index=False, lineterminator="\n")
        text = json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False)
        (draft / "compare.json").write_text(text + "\n", encoding="utf-8")
        with figure_style():
            drawing = figure_in_steps(comparison_figure(table, loos), words)
            warn_of_letters([complete_fonts(drawing)])
            drawing.savefig(draft / "compare.png", metadata={"Software": None})
            drawing.savefig(draft / "compare.svg", metadata={"Date": None})

    return write_folder(out, write)


def comparison_figure(table: pd.DataFrame, loos: Mapping[str, LeaveOneOut]) -> Figure:
    """Figure of the ranking, and of the lead of the best run over the second by week.

    Parameters
    ----------
    table : pandas.DataFrame
        As `rank_runs` returns it, with two or more runs.
    loos : mapping of str to LeaveOneOut
        Estimates of the runs of the table.
    """
    best, second = (str(name) for name in table["run"][:2])
    rows: Any = table.itertuples(index=False)
    verdicts = [_verdict(row, best, loos) for row in rows]
    drawing, axes = figure(
        1, 2, width=12, height=max(3.4, 1.6 + 0.62 * len(table)), left=0.3, across=0.9, top=0.7
    )
    elpd_differences(axes[0, 0], table.assign(verdict=verdicts), tie=NEGLIGIBLE_DIFFERENCE)
    lead_over_time(
        axes[0, 1],
        loos[best].elpd.elpd_i - loos[second].elpd.elpd_i,
        loos[best].refitted | loos[second].refitted,
        best=best,
        second=second,
        tie=NEGLIGIBLE_DIFFERENCE,
    )
    return drawing


def _verdict(row: Any, best: str, loos: Mapping[str, LeaveOneOut]) -> str:
    doubt = "" if not loos[row.run].unresolved else " (leave-one-out unreliable)"
    if row.run == best:
        return f"best{doubt}"
    if doubt or loos[best].unresolved or not are_distinguishable(row.elpd_diff, row.diff_se):
        return f"indistinguishable from the best{doubt}"
    return "worse"
