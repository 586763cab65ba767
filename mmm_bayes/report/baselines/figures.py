"""The page of the classical models: one table, and what stands behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.baselines.job import RECORD, SUMMARY, TABLE
from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.errors import InputError
from mmm_bayes.files import write_text
from mmm_bayes.plots import baselines as draw
from mmm_bayes.plots import residuals as left_over
from mmm_bayes.plots.style import GREY, INK, OKABE_ITO, dates, figure, legend, numbers, styled
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.rendering import save, template
from mmm_bayes.report.tables import Table, table
from mmm_bayes.report.words import number

TWO_STAGE = "two_stage_"
TREES = ("random_forest", "lightgbm")
LINEAR = ("ols", "ridge", "lagged_ridge", "lasso", "elastic_net")
PAGE = "baselines.html"
#: Features that a picture has room for.
ROOM = 18
COLUMNS = 3
_SUBJECTS = {
    "accuracy": "Accuracy",
    "mediation": "The first stage",
    "honesty": "Honesty",
    "interpretation": "Interpretation",
    "use": "Use in a business",
}


@dataclass(frozen=True)
class Compared:
    """A finished job as its folder tells it.

    Attributes
    ----------
    folder : pathlib.Path
    record : dict
    summary : pandas.DataFrame
    tables : dict of str to pandas.DataFrame
        By the names of their files.
    """

    folder: Path
    record: dict[str, Any]
    summary: pd.DataFrame
    tables: dict[str, pd.DataFrame]

    @property
    def outcome(self) -> str:
        """What the outcome's column is called."""
        return str(self.record["description"]["outcome"])

    @property
    def channels(self) -> list[str]:
        """In the order of the description."""
        return list(self.record["description"]["channels"])

    @property
    def families(self) -> dict[str, str]:
        """The family of each model."""
        return {str(model): family_of(str(model)) for model in self.summary["model"]}

    def whole(self, name: str) -> pd.DataFrame:
        """Rows of a table for all units together."""
        rows = self.tables[name]
        return rows[rows["unit"] == WHOLE] if (rows["unit"] == WHOLE).any() else rows


def family_of(model: str) -> str:
    """The family that a model is drawn as."""
    if model.startswith(TWO_STAGE):
        return "two stages"
    return "trees" if model in TREES else "linear" if model in LINEAR else "Bayesian"


def render_baselines(folder: Path) -> Path:
    """Write the figures and the page of a finished job; nothing is fitted.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    pathlib.Path
        ``baselines.html`` in that folder; the figures are in ``figures``.

    Raises
    ------
    InputError
        If the folder is not a finished job.
    """
    told = _read(folder)
    with styled():
        shown = {one.name: save(one, folder / "figures") for one in _pictures(told)}
    page = folder / PAGE
    write_text(page, template("baselines.html.j2").render(**_context(told), figures=shown))
    return page


def _read(folder: Path) -> Compared:
    missing = [name for name in (RECORD, SUMMARY, TABLE) if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} is not a finished comparison with classical models: it lacks "
            f"{', '.join(missing)}; make one with mmm-bayes baselines"
        )
    text: Any = {"unit": str, "channel": str, "model": str, "row": str, "from": str, "to": str}
    tables = {path.stem: pd.read_csv(path, dtype=text) for path in sorted(folder.glob("*.csv"))}
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    return Compared(folder, record, tables["summary"], tables)


def _context(told: Compared) -> dict[str, object]:
    splits = told.record["splits"]
    return {
        "outcome": told.outcome,
        "name": told.folder.name,
        "record": told.record,
        "notes": told.record["notes"],
        "subjects": [
            (_SUBJECTS[name], says) for name, says in told.record["sentences"].items() if says
        ],
        "accuracy": _accuracy(told),
        "answers": _answers(told),
        "first_stage": _first_stage(told),
        "moves": _moves(told),
        "tests": _tests(told),
        "choices": _choices(told),
        "splits": table(
            ("split", "learned from", "predicted"),
            ([name, one["train"], one["test"]] for name, one in splits.items()),
        ),
        "mediator": (told.record["description"].get("mediation") or {}).get("mediator"),
    }


def _accuracy(told: Compared) -> Table:
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


def _answers(told: Compared) -> Table:
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


def _first_stage(told: Compared) -> Table | None:
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


def _moves(told: Compared) -> Table | None:
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


def _tests(told: Compared) -> Table:
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


def _choices(told: Compared) -> Table:
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


def _pictures(told: Compared) -> Iterator[Picture]:
    yield _errors(told)
    yield _shares(told)
    if told.summary["mediator_r2"].notna().any():
        yield _stage(told)
    yield _holdout(told)
    yield _windows(told)
    if "reallocation" in told.tables:
        yield _reallocations(told)
    if "coefficients" in told.tables:
        yield _coefficients(told)
    yield _importances(told)
    yield _dependence(told)
    if "shapley" in told.tables:
        yield _shapley(told)
    yield _residuals(told)


def _errors(told: Compared) -> Picture:
    rows = told.tables["baselines"].query("metric == 'rmse'")
    folds = rows[rows["split"].str.startswith("blocked")]
    wide = folds.pivot(index="model", columns="split", values="value")
    wide = wide.loc[wide.mean(axis=1).sort_values().index]
    last = rows[rows["split"] == "holdout"].set_index("model")["value"]
    made, axes = figure(height=1.4 + 0.3 * len(wide))
    draw.errors(axes[0, 0], wide, last, told.families)
    return Picture(
        "errors",
        "Root mean squared error of every model in unseen weeks.",
        f"The error of every model in weeks it had not seen, best first. Colours are families: "
        f"{_families(told)}. Where the bars overlap, the folds don't say which model is better.",
        made,
        vector=True,
    )


def _shares(told: Compared) -> Picture:
    rows = told.whole("contributions").query("estimand == 'contribution_share'")
    truth = told.tables.get("truth")
    total = _outcome_sum(told)
    models = list(told.summary["model"])
    across = min(COLUMNS, len(told.channels))
    down = -(-len(told.channels) // across)
    made, axes = figure(
        down, across, width=11, height=down * (1.0 + 0.19 * len(models)), left=1.9, across=0.25,
        down=0.85,
    )  # fmt: skip
    for at, channel in enumerate(told.channels):
        one = rows[rows["channel"] == channel].set_index("model").reindex(models).reset_index()
        one[["value", "lower", "upper"]] *= 100
        known = None
        if truth is not None:
            known = 100 * float(truth[truth["channel"] == channel]["truth"].iloc[0]) / total
        ax = axes[at // across, at % across]
        draw.shares(ax, one, told.families, truth=known, channel=channel, labels=at % across == 0)
    for at in range(len(told.channels), down * across):
        axes[at // across, at % across].set_axis_off()
    dashed = " The dashed line is the truth of this simulated market." if truth is not None else ""
    return Picture(
        "shares",
        "Each channel's share of the outcome according to every model, with 90% intervals.",
        "What each model says a channel brought, had it never spent: total effects in percent of "
        "all of the outcome, with 90% intervals (bootstrap; of a Bayesian model the posterior's "
        f"median and quantiles).{dashed} An arrow "
        "stands for a number beyond the axis. In models with mediation the totals of a mediator "
        f"and its causes overlap. Colours: {_families(told)}.",
        made,
        vector=True,
    )


def _stage(told: Compared) -> Picture:
    rows = told.summary.dropna(subset=["mediator_r2"])
    made, axes = figure(height=1.3 + 0.34 * len(rows), width=8)
    draw.first_stage(
        axes[0, 0],
        pd.DataFrame(
            {
                "model": rows["model"],
                "trained": rows["mediator_r2_train"],
                "unseen": rows["mediator_r2"],
            }
        ),
    )
    return Picture(
        "stage",
        "R squared of the first stage in weeks learned from and in unseen weeks.",
        "How well the first stage explains the mediator from the causes. A long arrow to the left "
        "is a stage that has learned its training weeks by heart.",
        made,
        vector=True,
    )


def _holdout(told: Compared) -> Picture:
    rows = told.tables["predictions"].query("split == 'holdout'")
    rows = rows.assign(date=pd.to_datetime(rows["date"]))
    best = list(_best_of_families(told).values())
    made, axes = figure(len(best), 1, height=0.5 + 1.75 * len(best), sharex=True, down=0.45)
    for ax, model in zip(axes[:, 0], best, strict=True):
        one = rows[rows["model"] == model]
        single = one["unit"].nunique() == 1
        weeks = one.groupby("date")[["observed", "predicted", "lower", "upper"]].sum(min_count=1)
        colour = draw.FAMILIES[told.families[model]]
        if single:
            ax.fill_between(
                weeks.index, weeks["lower"], weeks["upper"], color=colour, alpha=0.2, linewidth=0
            )
        ax.plot(weeks.index, weeks["predicted"], color=colour, label="predicted")
        ax.plot(weeks.index, weeks["observed"], "o", color=INK, markersize=3.2, label="observed")
        ax.set_title(model)
        ax.set_ylabel(told.outcome)
        numbers(ax.yaxis)
        dates(ax)
        legend(ax, columns=2)
    return Picture(
        "holdout",
        "Predictions of the last fifth of the weeks by the best model of each family.",
        "The last fifth of the weeks, which these fits had not seen, by the best of each family; "
        "shaded: 90% predictive intervals, where a model has any (one unit only). Spends and "
        "controls are taken as known.",
        made,
        vector=True,
    )


def _windows(told: Compared) -> Picture:
    rows = told.tables["windows"]
    across = min(COLUMNS, len(told.channels))
    down = -(-len(told.channels) // across)
    made, axes = figure(down + 1, across, width=10, height=2.5 * (down + 1), bottom=0.75)
    for at, channel in enumerate(told.channels):
        one = rows[rows["channel"] == channel]
        wide = 100 * one.pivot(index="window_end", columns="model", values="share")
        ax = axes[at // across, at % across]
        draw.lines(
            ax, wide[[m for m in told.summary["model"] if m in wide]], told.families,
            title=channel, ylabel="% of the outcome" if at % across == 0 else "",
        )  # fmt: skip
    linear = [m for m in ("ols", "ridge", "lasso") if (rows["model"] == m).any()]
    for at in range(len(told.channels), down * across):
        axes[at // across, at % across].set_axis_off()
    for ax, model in zip(axes[down], linear + [""] * across, strict=False):
        if not model:
            ax.set_axis_off()
            continue
        one = rows[rows["model"] == model]
        wide = one.pivot(index="window_end", columns="channel", values="coefficient")
        for channel, colour in zip(told.channels, OKABE_ITO * 5, strict=False):
            ax.plot(
                pd.to_datetime(wide.index), wide[channel], marker="o", markersize=3, color=colour,
                label=channel,
            )  # fmt: skip
        ax.axhline(0, color=GREY, linewidth=1)
        ax.set_title(f"coefficients, {model}")
        draw.window_ends(ax, wide.index)
    if linear:
        handles, labels = axes[down, 0].get_legend_handles_labels()
        made.legend(handles, labels, loc="lower center", ncols=len(labels))
        axes[down, 0].set_ylabel("scaled")
    return Picture(
        "windows",
        "Shares of the outcome by channel and coefficients over rolling windows.",
        "Each window refitted, with the tuned choices of the first. Above: what every model says a "
        f"channel brought in the window; colours are families ({_families(told)}). Below: "
        "coefficients of linear models, for one step of the scaled column. Windows share weeks. A "
        "line that leaves its axes is far beyond the others.",
        made,
        vector=True,
    )


def _reallocations(told: Compared) -> Picture:
    best = told.tables["reallocation"].query("best").copy()
    best[["gain", "lower", "upper"]] *= 100 / _outcome_sum(told)
    made, axes = figure(height=1.4 + 0.36 * best["model"].nunique(), width=10)
    draw.moves(axes[0, 0], best.rename(columns={"from": "giver"}), told.families)
    return Picture(
        "reallocation",
        "Gain of the transfer of money that each model thinks best.",
        "For each model the transfer between two channels that it thinks most of (named at the "
        "right), with 90% intervals. The gain of a transfer that was picked for being the best is "
        "likely to disappoint, and the interval does not know that.",
        made,
        vector=True,
    )


def _coefficients(told: Compared) -> Picture:
    rows = told.tables["coefficients"].query("stage == 'outcome'")
    rows = rows[~rows["model"].str.startswith(TWO_STAGE)]
    if rows.empty:
        rows = told.tables["coefficients"].query("stage == 'outcome'")
    order = [f for f in told.channels if (rows["feature"] == f).any()]
    order += [f for f in dict.fromkeys(rows["feature"]) if f not in order]
    names = order[:ROOM]
    made, axes = figure(height=1.2 + 0.32 * len(names))
    draw.coefficients(axes[0, 0], rows, names)
    return Picture(
        "coefficients",
        "Coefficients of the linear models with bootstrap intervals.",
        "Coefficients on scaled columns (a channel's is of its saturated exposure), with 90% "
        "intervals of the block bootstrap given the tuned choices. Models may have chosen another "
        "saturation or scaling, so their steps differ."
        + (f" The first {ROOM} of {len(order)} columns are shown." if len(order) > ROOM else ""),
        made,
        vector=True,
    )


def _importances(told: Compared) -> Picture:
    rows = told.tables["importance"]
    wide = rows.pivot_table(index="feature", columns="model", values="permutation", sort=False)
    wide = wide.loc[wide.max(axis=1).sort_values(ascending=False).index[:ROOM]]
    made, axes = figure(height=1.8 + 0.27 * len(wide), width=10)
    draw.importances(axes[0, 0], wide)
    return Picture(
        "importances",
        "Permutation importance of each column in each model.",
        "What R² in the last fifth loses when a column is shuffled among those weeks (fits that "
        f"had not seen them); at most the {ROOM} columns that matter most to some model. Near 0 or "
        "below: the forecast does not need the column.",
        made,
        vector=True,
    )


def _dependence(told: Compared) -> Picture:
    rows = told.tables["partial_dependence"]
    chosen = list(_best_of_families(told, classical=True).values())
    rows = rows[rows["model"].isin(chosen)]
    main = next((m for m in chosen if told.families[m] == "trees"), chosen[0])
    across = min(COLUMNS, len(told.channels))
    down = -(-len(told.channels) // across)
    made, axes = figure(down, across, width=10, height=2.9 * down)
    for at, channel in enumerate(told.channels):
        draw.dependence(
            axes[at // across, at % across], rows[rows["channel"] == channel], main=main,
            title=channel,
        )  # fmt: skip
    for at in range(len(told.channels), down * across):
        axes[at // across, at % across].set_axis_off()
    axes[0, 0].legend(fontsize=6.5)
    return Picture(
        "dependence",
        "Partial dependence of the outcome on each channel.",
        f"{told.outcome} in a week by the channel's exposure, had it been the same in all weeks, "
        f"everything else as it was. Lines: means over weeks. Grey: single weeks of {main} "
        "(individual conditional expectations). Steps and flat ends are those of trees, which know "
        "no exposure that they have not seen.",
        made,
        vector=True,
    )


def _shapley(told: Compared) -> Picture:
    rows = told.tables["shapley"]
    model = "lightgbm" if (rows["model"] == "lightgbm").any() else str(rows["model"].iloc[0])
    rows = rows[rows["model"] == model]
    size = rows.assign(size=rows["shapley"].abs()).groupby("feature")["size"].mean()
    names = [str(name) for name in size.sort_values(ascending=False).index[:ROOM]]
    made, axes = figure(height=1.0 + 0.27 * len(names))
    draw.shapley(axes[0, 0], rows, names)
    return Picture(
        "shapley",
        f"Shapley values of the columns of {model}.",
        f"How {model} puts its predictions together: what each column adds in each week to the "
        "mean prediction. It explains the model, not the market: a column that stands for another "
        "gets its share.",
        made,
    )


def _residuals(told: Compared) -> Picture:
    rows = told.tables["predictions"].query("split == 'all'")
    acf = told.tables["residuals"]
    models = list(_best_of_families(told, classical=True).values())
    made, axes = figure(len(models), 3, width=10, height=2.5 * len(models))
    for at, model in enumerate(models):
        one = rows[rows["model"] == model].copy()
        one["date"] = pd.to_datetime(one["date"])
        error = one["observed"] - one["predicted"]
        one["left"] = error / error.groupby(one["unit"]).transform("std")
        left = one.set_index(["date", "unit"])["left"].to_xarray().rename(date="time")
        fitted = one.set_index(["date", "unit"])["predicted"].to_xarray().rename(date="time")
        left_over.over_time(axes[at, 0], left)
        left_over.against_fitted(axes[at, 1], left, fitted, name=told.outcome)
        lags = acf[(acf["model"] == model) & acf["test"].str.startswith("acf_")]
        steps = lags["test"].str.removeprefix("acf_").astype(int)
        found = xr.DataArray(
            np.array([1.0, *lags["statistic"]])[:, None],
            dims=("lag", "unit"),
            coords={"lag": [0, *steps]},
        )
        band = xr.DataArray([1.96 / np.sqrt(left.sizes["time"])], dims="unit")
        left_over.autocorrelation(axes[at, 2], found, band)
        axes[at, 0].set_title(f"{model}: over time")
    return Picture(
        "residuals",
        "Residuals of the best model of each family over time, against the fit, and over lags.",
        "Residuals in the weeks fitted, in standard deviations, of the best model of each family. "
        "Bars beyond the dotted lines are more autocorrelation than independent errors have.",
        made,
    )


def _best_of_families(told: Compared, *, classical: bool = False) -> dict[str, str]:
    """The model with the least error over the blocked folds, of each family."""
    ranked = told.summary.sort_values("rmse_blocked")["model"].astype(str)
    found: dict[str, str] = {}
    for model in ranked:
        found.setdefault(told.families[model], model)
    if classical:
        found.pop("Bayesian", None)
    return found


def _outcome_sum(told: Compared) -> float:
    rows = told.tables["predictions"].query("split == 'all'")
    return float(rows[rows["model"] == rows["model"].iloc[0]]["observed"].sum())


def _families(told: Compared) -> str:
    names = {"linear": "blue linear", "trees": "green trees", "two stages": "orange two stages",
             "Bayesian": "red Bayesian"}  # fmt: skip
    present = [names[f] for f in draw.FAMILIES if f in told.families.values()]
    return ", ".join(present)
