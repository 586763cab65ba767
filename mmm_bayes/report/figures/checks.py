"""Figures of the checks: fit, holdout, convergence, predictive checks and residuals."""

from __future__ import annotations

from mmm_bayes.diagnostics import compare_statistics, ppc_statistics, standardised_residuals
from mmm_bayes.diagnostics.parameters import scalar_draws
from mmm_bayes.diagnostics.predictive import refitted_replicates
from mmm_bayes.diagnostics.residual_quantiles import (
    mean_autocorrelation,
    residual_quantiles,
    standardise,
)
from mmm_bayes.estimands.intervals import predictive_intervals, share_inside, sum_units
from mmm_bayes.plots.convergence import effective_sizes, rank_histogram
from mmm_bayes.plots.fit import fit_over_time as draw_fit
from mmm_bayes.plots.fit import holdout_forecast
from mmm_bayes.plots.predictive import replicated_densities, statistic_histogram
from mmm_bayes.plots.residuals import (
    autocorrelation,
    quantiles_against_model,
    residuals_against_fitted,
    residuals_over_time,
)
from mmm_bayes.plots.style import OKABE_ITO, figure
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View


def fit_over_time(run: View) -> Picture:
    """Predictive intervals and the observed weeks that were fitted."""
    names = _replicated(run)
    drawing, axes = figure(len(names), width=9, height=2.7 * len(names), down=0.5)
    shades = {"outcome": OKABE_ITO[0], "mediator": OKABE_ITO[2]}
    for ax, (variable, name) in zip(axes[:, 0], names.items(), strict=True):
        intervals = predictive_intervals(sum_units(run.group("posterior_predictive")[variable]))
        observed = sum_units(run.group("observed_data")[variable])
        draw_fit(
            ax, intervals, observed, coverage=share_inside(observed, intervals), name=name,
            colour=shades[variable],
        )  # fmt: skip
    return Picture(
        "fit",
        "Observed weeks and the model's predictive bands over time.",
        "Predictive bands (dark 50%, light 90%) and the observed weeks. About 9 in 10 points "
        "should be inside the light band. Many more: the band is too wide; many fewer: too narrow. "
        "A logarithmic axis can't show the part of a band at or below 0." + _given_the_past(run),
        drawing,
    )


def holdout(run: View) -> Picture | None:
    """Forecast of the weeks held out; None where there are too few."""
    forecast, held_out = run.group("predictions"), run.group("predictions_observed")
    if "outcome" not in forecast:
        return None
    weeks = held_out.sizes["time"]
    drawing, axes = figure(width=9, height=2.9)
    intervals = predictive_intervals(sum_units(forecast["outcome"]))
    observed = sum_units(held_out["outcome"])
    holdout_forecast(
        axes[0, 0], sum_units(run.observed), intervals, observed,
        coverage=share_inside(observed, intervals), name=run.outcome,
    )  # fmt: skip
    return Picture(
        "holdout",
        f"Forecast of the last {weeks} weeks and the observed outcome.",
        f"A second fit on the weeks before the dotted line forecasts the last {weeks}, given their "
        "spends. Judge the model by this: the fit had no access to those weeks.",
        drawing,
    )


def convergence(run: View) -> Picture:
    """Effective sample sizes of all parameters, and rank histograms of the worst."""
    drawing, axes = figure(1, 4, width=9, height=2.6, top=0.7, across=0.4)
    effective_sizes(axes[0, 0], run.parameters)
    for ax, (_, row) in zip(axes[0, 1:], run.parameters.iterrows(), strict=False):
        draws = scalar_draws(run.group("posterior")[row["variable"]]).sel(where=row["where"])
        rank_histogram(ax, draws, title=f"{row['variable']}\n{row['where']}")
    return Picture(
        "convergence",
        "Effective sample sizes of all parameters and rank histograms of the three worst.",
        "Left: effective sample sizes of every parameter, which should lie above the dotted lines. "
        "Right: the three parameters with the largest R-hat; each chain's ranks should be level at "
        "1.",
        drawing,
    )


def predictive(run: View) -> Picture:
    """Replicated tables and their test statistics against the observed ones."""
    names = _replicated(run)
    replicated, observed = run.group("posterior_predictive"), run.group("observed_data")
    drawing, axes = figure(len(names), 4, width=9, height=2.4 * len(names), left=0.3, across=0.25)
    for row, (variable, name) in zip(axes, names.items(), strict=True):
        replicated_densities(row[0], replicated[variable], observed[variable], name=name)
        statistics = ppc_statistics(run.run.draws, variable)
        worst = sorted(compare_statistics(statistics), key=lambda result: result.p_value)
        for ax, result in zip(row[1:], worst, strict=False):
            draws = statistics["replicated"].sel(statistic=result.name).values
            statistic_histogram(ax, draws, result.observed, name=result.name, p=result.p_adjusted)
    return Picture(
        "predictive",
        "Densities and test statistics of replicated tables and of the observed one.",
        "Left: tables replicated by the fitted model (blue) and the observed one (black). Right: "
        "the three features of the data that the model reproduces worst (of the eight checked "
        "above), in replicated tables (grey) and in the observed one (orange). An orange line "
        "outside the grey means that the model can't produce that feature. p is two-sided and "
        "adjusted for the number of features: below 0.05 is a warning, below 0.01 a failure.",
        drawing,
    )


def residuals(run: View) -> Picture:
    """Residuals over time, against the fit, over lags and against replicated ones."""
    tree = run.run.draws
    observed = standardised_residuals(tree)
    log = run.multiplicative or run.attrs.get("likelihood") == "lognormal"
    drawing, axes = figure(1, 4, width=9, height=2.6, across=0.5)
    row = axes[0]
    residuals_over_time(row[0], observed["residual"])
    residuals_against_fitted(row[1], observed["residual"], observed["fitted"], name=run.outcome)
    autocorrelation(row[2], *mean_autocorrelation(observed["acf"], observed["acf_band"]))
    tables, curve, scale = refitted_replicates(tree, "outcome")
    replicated = standardise(scale.residual(tables, curve))
    quantiles_against_model(row[3], residual_quantiles(observed["residual"].values, replicated))
    return Picture(
        "residuals",
        "Residuals over time, against fitted values, their autocorrelation and quantiles.",
        f"Observed less fitted {run.outcome}"
        + (" on the log scale" if log else "")
        + ", in units of their root mean square. Look for trends and waves (first), a fan "
        "(second), bars beyond the dotted lines (third: the residuals of neighbouring weeks are "
        "alike, so intervals are too narrow), and points outside the band (right: the tails of the "
        "likelihood are wrong; the band holds 90% of the tables replicated by the fitted model)."
        + _given_the_past(run),
        drawing,
    )


def _given_the_past(run: View) -> str:
    """Sentence of a caption on what is fitted, if disturbances remember."""
    if run.attrs.get("errors") != "ar1":
        return ""
    return (
        " What is fitted is each week given the week before, whose disturbance it inherits in part."
    )


def _replicated(run: View) -> dict[str, str]:
    """Variables with predictive draws, and their names."""
    names = {"outcome": run.outcome, "mediator": run.mediator}
    return {key: name for key, name in names.items() if key in run.group("posterior_predictive")}
