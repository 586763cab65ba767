"""What the tables of classical models hold, as rows of text."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmm_bayes.report.baselines.folder import Compared
from mmm_bayes.report.tables import Table, table
from mmm_bayes.report.words import number


def accuracy(told: Compared) -> Table:
    """Errors in unseen weeks: mean over folds, with the spread below."""
    rows: list[list[str | tuple[str, ...]]] = []
    for one in told.summary.itertuples(index=False):
        rows.append(
            [
                str(one.model),
                *(
                    (_figure(getattr(one, f"{metric}_blocked"), metric),
                     f"± {_figure(getattr(one, f'{metric}_blocked_sd'), metric)}")
                    for metric in ("r2", "rmse", "mape")
                ),
                (_figure(one.r2_rolling, "r2"), f"± {_figure(one.r2_rolling_sd, 'r2')}"),
                _figure(one.r2_holdout, "r2"),
                _figure(one.rmse_holdout, "rmse"),
                _figure(one.crps_blocked, "rmse"),
                _figure(one.coverage_90, "share"),
            ]
        )  # fmt: skip
    head = (
        "model", "R², blocked", "RMSE, blocked", "MAPE, blocked", "R², rolling", "R², last fifth",
        "RMSE, last fifth", "CRPS, blocked", "in 90% intervals",
    )  # fmt: skip
    return table(head, rows)


def answers(told: Compared) -> Table:
    """What the answers about the channels are worth."""
    known = told.summary["truth_error"].notna().any()
    rows = []
    for one in told.summary.itertuples(index=False):
        cells = [
            str(one.model),
            _figure(one.stability, "share"),
            _figure(one.agreement, "r2"),
        ]
        if known:
            cells += [
                _figure(one.truth_error, "points"),
                _figure(one.truth_bias, "points"),
                _figure(one.truth_coverage_90, "share"),
            ]
        rows.append([*cells, _figure(one.seconds, "seconds")])
    truth = ("error of effects, points", "bias, points", "truth in 90% interval") if known else ()
    return table(("model", "variation over windows", "agreement on ranks", *truth, "seconds"), rows)


def first_stage(told: Compared) -> Table | None:
    """R² of the first stage, learned and unseen; None without one."""
    rows = told.tables["baselines"]
    rows = rows[rows["metric"].isin(["mediator_r2", "mediator_r2_train"])]
    if rows.empty:
        return None
    wide: Any = rows.pivot_table(
        index=["model"], columns=["split", "metric"], values="value", sort=False
    )
    found = []
    for model in wide.index:
        blocked = [c for c in wide if c[0].startswith("blocked")]
        inside, unseen = (
            wide.loc[model, [c for c in blocked if c[1] == m]].mean()
            for m in ("mediator_r2_train", "mediator_r2")
        )
        last = wide.loc[model, "holdout"]
        found.append(
            [str(model)]
            + [
                _figure(v, "r2")
                for v in (inside, unseen, last["mediator_r2_train"], last["mediator_r2"])
            ]
        )
    return table(
        ("model", "R² learned, blocked", "R² unseen, blocked", "R² learned, last split",
         "R² unseen, last fifth"),
        found,
    )  # fmt: skip


def moves(told: Compared) -> Table | None:
    """The transfer that each model thinks best; None where money can't be moved."""
    if "reallocation" not in told.tables:
        return None
    best = told.tables["reallocation"].query("best")
    rows = []
    for model, moved in best.groupby("model", sort=False):
        cells: list[Any] = [str(model), f"{moved['from'].iloc[0]} to {moved['to'].iloc[0]}"]
        for one in moved.sort_values("share").itertuples(index=False):
            cells.append((number(one.gain), f"{number(one.lower)} to {number(one.upper)}"))  # type: ignore[arg-type]
        rows.append(cells)
    return table(("model", "transfer", "5% of its money", "10% of its money"), rows)


def tests(told: Compared) -> Table:
    """p-values of tests of the residuals."""
    rows = []
    for model, one in told.tables["residuals"].groupby("model", sort=False):
        found = one.set_index("test")
        cells = [str(model)]
        for name in ("shapiro_wilk", "breusch_pagan", "ljung_box"):
            p: Any = found.loc[name, "p"]
            cells.append("< 0.001" if p < 0.001 else f"{p:.3f}")
        rows.append([*cells, _figure(found.loc["acf_1", "statistic"], "r2")])
    return table(
        ("model", "normal (Shapiro-Wilk)", "one variance (Breusch-Pagan)",
         "independent (Ljung-Box)", "autocorrelation at lag 1"),
        rows,
    )  # fmt: skip


def choices(told: Compared) -> Table:
    """What tuning chose on all weeks."""
    rows = []
    for kind, choices in told.record["choices"].items():
        chosen = choices["all"]
        own = {
            key: value for key, value in chosen.items()
            if key not in ("retention", "half_saturation", "slope", "shape", "season", "scaling")
        }  # fmt: skip
        shape = chosen["shape"] + (
            f", slope {chosen['slope']:.2f}" if chosen["shape"] == "hill" else ""
        )
        rows.append(
            [
                kind,
                ", ".join(f"{name} {value:.2f}" for name, value in chosen["retention"].items()),
                shape,
                f"{chosen['season']}, {chosen['scaling']}",
                ", ".join(f"{k} {v:.3g}" for k, v in own.items()) or "–",
            ]
        )
    return table(("kind", "retention", "saturation", "season, scaling", "its own"), rows)


def _figure(value: Any, kind: str) -> str:
    if value is None or not np.isfinite(value):
        return "–"
    match kind:
        case "r2":
            return f"{value:.2f}".replace("-", "−")
        case "mape" | "share":
            return f"{value:.0%}".replace("-", "−")
        case "points":
            return f"{100 * value:.1f}".replace("-", "−")
        case "seconds":
            return f"{value:.0f}"
    return number(float(value))
