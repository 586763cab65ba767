"""How well the model fits and forecasts, and whether its chains converged."""

from __future__ import annotations

from typing import Any

from mmm_bayes.diagnostics import compare, test_statistics
from mmm_bayes.diagnostics import residuals as unexplained
from mmm_bayes.diagnostics.predictive import replicas
from mmm_bayes.plots import convergence as chains
from mmm_bayes.plots import fit
from mmm_bayes.plots import predictive as replicated_tables
from mmm_bayes.plots import residuals as left_over
from mmm_bayes.plots.style import OKABE_ITO, figure
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View


def fit_over_time(run: View) -> Picture:
    """Predictive bands and the weeks that were fitted."""
    replicated, observed = run.group("posterior_predictive"), run.group("observed_data")
    names = [name for name in ("outcome", "mediator") if name in replicated]
    made, axes = figure(len(names), width=9, height=2.7 * len(names), down=0.5)
    titles = {"outcome": run.outcome, "mediator": run.mediator}
    shades = {"outcome": OKABE_ITO[0], "mediator": OKABE_ITO[2]}
    for ax, name in zip(axes[:, 0], names, strict=True):
        fit.fit_over_time(
            ax, replicated[name], observed[name], name=titles[name], colour=shades[name]
        )
    return Picture(
        "fit",
        "Observed weeks and the model's predictive bands over time.",
        "Predictive bands (dark 50%, light 90%) and the observed weeks. About 9 in 10 points "
        "should be inside the light band. Many more: the band is too wide; many fewer: too narrow. "
        "A logarithmic axis can't show the part of a band at or below 0.",
        made,
    )


def holdout(run: View) -> Picture | None:
    """The forecast of weeks held out; None where there are too few."""
    forecast, seen = run.group("predictions"), run.group("predictions_observed")
    if "outcome" not in forecast:
        return None
    made, axes = figure(width=9, height=2.9)
    fit.holdout_forecast(
        axes[0, 0], run.observed, forecast["outcome"], seen["outcome"], name=run.outcome
    )
    return Picture(
        "holdout",
        f"Forecast of the last {seen.sizes['time']} weeks against what happened.",
        "A second fit on the weeks before the dotted line forecasts the last "
        f"{seen.sizes['time']}, given their spends. Judge the model by this: it had not seen "
        "those weeks.",
        made,
    )


def convergence(run: View) -> Picture:
    """Effective draws of all parameters, and the ranks of the worst."""
    posterior = run.group("posterior")
    table = run.converged
    made, axes = figure(1, 4, width=9, height=2.6, top=0.7, across=0.4)
    chains.effective_sizes(axes[0, 0], table)
    worst: Any = table.itertuples()
    for ax, row in zip(axes[0, 1:], worst, strict=False):
        values = posterior[row.variable]
        where = dict(zip(values.dims[2:], row.where.split(", "), strict=True)) if row.where else {}
        at = {
            dim: [str(value) for value in values[dim].values].index(label)
            for dim, label in where.items()
        }
        chains.ranks(ax, values.isel(at), title=f"{row.variable}\n{row.where}")
    return Picture(
        "convergence",
        "Effective sample sizes of all parameters and rank histograms of the three worst.",
        "Left: effective draws of every parameter, wanted above the dotted lines. Right: the three "
        "parameters with the largest R-hat; each chain's ranks should be level at 1.",
        made,
    )


def predictive(run: View) -> Picture:
    """Tables that the model would make against the one that it was given."""
    replicated, observed = run.group("posterior_predictive"), run.group("observed_data")
    names = [name for name in ("outcome", "mediator") if name in replicated]
    made, axes = figure(len(names), 4, width=9, height=2.4 * len(names), left=0.3, across=0.25)
    titles = {"outcome": run.outcome, "mediator": run.mediator}
    for row, name in zip(axes, names, strict=True):
        replicated_tables.densities(row[0], replicated[name], observed[name], name=titles[name])
        values = test_statistics(run.run.draws, name)
        worst = sorted(compare(values), key=lambda found: found.p_value)
        for ax, found in zip(row[1:], worst, strict=False):
            draws = values["replicated"].sel(statistic=found.name).values
            replicated_tables.statistic(
                ax, draws, found.observed, name=found.name, p=found.p_adjusted
            )
    return Picture(
        "predictive",
        "Densities and test statistics of replicated tables against the observed one.",
        "Left: tables that the fitted model would produce (blue) against the observed one (black). "
        "Right: the three features of the data that the model has most trouble with (of the eight "
        "checked above), in replicated tables (grey) and in the observed one (orange). An orange "
        "line outside the grey says the model could not have made that feature. p is two-sided "
        "and adjusted for the number of features: below 0.05 is a warning, below 0.01 a failure.",
        made,
    )


def residuals(run: View) -> Picture:
    """What the model leaves unexplained."""
    tree = run.run.draws
    found = unexplained(tree)
    log = run.multiplies or run.attrs.get("likelihood") == "lognormal"
    made, axes = figure(1, 4, width=9, height=2.6, across=0.5)
    row = axes[0]
    left_over.over_time(row[0], found["residual"])
    left_over.against_fitted(row[1], found["residual"], found["fitted"], name=run.outcome)
    left_over.autocorrelation(row[2], found["acf"], found["acf_band"])
    tables, curve, scale = replicas(tree, "outcome")
    replicated = left_over.misses(scale.residual(tables, curve))
    left_over.against_model(row[3], found["residual"].values, replicated)
    return Picture(
        "residuals",
        "Residuals over time, against fitted values, their autocorrelation and quantiles.",
        f"Observed less fitted {run.outcome}"
        + (" on the log scale" if log else "")
        + ", in units of their root mean square. Look for drifts and waves (first), a fan "
        "(second), bars beyond the dotted lines (third: neighbouring weeks miss alike, so "
        "intervals are too narrow), and points outside the band (right: a likelihood whose tails "
        "are wrong; the band is where 90% of the tables made by the fitted model lie).",
        made,
    )
