"""Tables of a report, and the sentences about the data and the model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.estimands.intervals import summary_of
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.report.cells import (
    Cell,
    Row,
    Table,
    estimate_cell,
    make_table,
    number_cell,
)
from mmm_bayes.report.run import View, row_summary
from mmm_bayes.report.sentences import ChannelSummary
from mmm_bayes.text import (
    MISSING,
    Summary,
    capitalised,
    fixed,
    join_names,
    log_units,
    mean_and_interval,
    number,
    percent,
)

#: Parameters in the table of convergence.
ROWS = 15
#: Shrinkage below which the data hardly moved a parameter.
UNMOVED = 0.2
#: Half-width of a normal's 90% interval, in standard deviations.
HALF_WIDTH = 1.6448536269514722

_QUANTITIES = {
    "total": "total effect",
    "direct": "direct effect",
    "indirect": "indirect effect",
    "beta": "media effect (beta)",
    "beta_direct": "media effect (beta)",
    "adstock_alpha": "carryover",
    "adstock_theta": "steps to the peak of the carryover",
    "adstock_scale": "scale of the carryover, steps",
    "adstock_shape": "shape of the carryover",
    "saturation_kappa": "half-saturation",
    "saturation_slope": "steepness",
    "saturation_exponent": "elasticity",
    "gamma": "effect on the mediator (gamma)",
    "gamma_on": "effect on the mediator being on (gamma_on)",
    "mediation_alpha": "carryover on the mediator",
    "mediation_kappa": "half-saturation on the mediator",
    "mediation_theta": "steps to the peak of the carryover on the mediator",
    "mediation_scale": "scale of the carryover on the mediator, steps",
    "mediation_shape": "shape of the carryover on the mediator",
    "mediation_slope": "steepness on the mediator",
    "mediation_exponent": "elasticity of the mediator",
}

#: Quantities of stated priors, and those of them that are shares of the outcome.
_STATED = {
    "media_share": "all media together, share of the outcome",
    "other_media_share": "all other media together, share of the outcome",
    "roas": "own return (ROAS)",
    "contribution_share": "own effect, share of the outcome",
    "contribution": "own effect a week",
    "half_life": "half-life of the carryover, weeks",
    "adstock_alpha": "retention from week to week (adstock_alpha)",
    "saturation_kappa": "half-saturation (saturation_kappa)",
    "saturation_slope": "steepness (saturation_slope)",
    "beta": "mean contribution (beta)",
}
_SHARES = ("media_share", "other_media_share", "contribution_share")

SCORES = {
    "r2": "R²",
    "rmse": "root mean squared error",
    "mape": "mean absolute percentage error",
    "mape_left_out": "weeks near 0, left out of it",
    "crps": "CRPS",
    "coverage_90": "weeks inside their 90% interval",
    "elpd_loo": "ELPD, leave-one-out",
    "elpd_loo_se": "its standard error",
    "p_loo": "effective parameters",
}
#: Groups of checks, by the question they answer.
GROUPS = {
    "data": "The table itself",
    "convergence": "Sampling",
    "outcome_ppc": "Can the model reproduce the outcome?",
    "mediator_ppc": "Can it reproduce the mediator?",
    "residuals": "Residuals",
    "demand": "Unseen demand",
    "loo": "Influential weeks",
    "holdout": "Weeks held out",
    "change": "Did effects change over time?",
    "baseline": "Is the outcome without media plausible?",
    "experiments": "Lift tests",
    "prior": "Are the priors plausible for this business?",
    "identifiability": "Can the channels be distinguished?",
    "placebo": "Does it find effects where there are none?",
}
#: Row of all media together.
ALL_CHANNELS = "all media together"
_FORMS: dict[str, Callable[[float], str]] = {
    "mape": percent,
    "coverage_90": percent,
    "elpd_loo": log_units,
    "elpd_loo_se": log_units,
}


def channel_summaries(run: View) -> list[ChannelSummary]:
    """Effects and evidence of each channel, in the order of the description."""
    evidence = {str(e.get("channel")): e for e in run.diagnostics.get("evidence", [])}
    posterior = run.group("posterior")
    summaries = []
    for name in run.channels:
        beta = posterior["beta"].sel(channel=name) if "beta" in posterior else None
        total = run.summary(name, "total")
        summaries.append(
            ChannelSummary(
                name=name,
                outcome=run.outcome,
                total=total,
                direct=run.summary(name, "direct"),
                share=total.times(100 / run.outcome_sum),
                roas=run.summary(name, "roas"),
                observed=run.summary(name, "total_observed"),
                less=run.summary(name, "total_minus20"),
                never_off=bool(evidence.get(name, {}).get("never_off")),
                evidence=tuple(evidence.get(name, {}).get("message", ())),
                direct_fixed=beta is not None and name in run.causes and not bool(beta.any()),
                positive_priors=run.positive_priors,
                has_spend=run.has_spend(name),
            )
        )
    return summaries


def amount(run: View, name: str, estimand: str) -> Cell:
    """Effect of a channel, in units and in percent of the outcome."""
    effect = run.summary(name, estimand)
    cell = estimate_cell(effect)
    if not effect.exists or not run.outcome_sum > 0:
        return cell
    share, shares = mean_and_interval(effect.times(100 / run.outcome_sum), unit="%")
    return Cell(f"{cell.text}, {share}", cell.value, (*cell.below, shares))


def supported_effects(run: View) -> Table | None:
    """Effects within what was observed, of each channel and of all; None in older runs."""
    if not run.summary(ALL_MEDIA, "total_observed").exists:
        return None
    columns = ("total_observed", "direct_observed", "indirect_observed")
    steps = ("total_minus20", "total_plus20")
    rows: list[Row] = [
        [name, *(amount(run, name, estimand) for estimand in (*columns, *steps))]
        for name in run.channels
    ]
    together = [amount(run, ALL_MEDIA, name) for name in ("total_observed", *steps)]
    rows.append([ALL_CHANNELS, together[0], MISSING, MISSING, *together[1:]])
    return make_table(
        (
            "channel",
            "above its lowest tenth",
            "of which direct",
            "of which indirect",
            "20% less of it",
            "20% more of it",
        ),
        rows,
    )


def effects(run: View) -> Table:
    """Effects of each channel and of all together: amounts, percent of the outcome, and returns."""
    rows: list[Row] = [
        [
            name,
            *(amount(run, name, estimand) for estimand in ("total", "direct", "indirect")),
            *(
                estimate_cell(run.summary(name, estimand)) if run.has_spend(name) else "no spend"
                for estimand in ("roas", "mroas")
            ),
        ]
        for name in run.channels
    ]
    if run.summary(ALL_MEDIA, "total").exists:
        roas = run.summary(ALL_MEDIA, "roas")
        rows.append(
            [
                ALL_CHANNELS,
                amount(run, ALL_MEDIA, "total"),
                MISSING,
                MISSING,
                estimate_cell(roas) if roas.exists else "no spend",
                MISSING,
            ]
        )
    return make_table(("channel", "total", "direct", "indirect", "ROAS", "marginal ROAS"), rows)


def controls(run: View) -> Table | None:
    """Change of the outcome when a control changes, in percent; None without controls."""
    draws = run.effects("controls")
    if "effect" not in draws or draws.sizes.get("control", 0) == 0:
        return None
    rows: list[Row] = [
        [
            str(name),
            *(
                estimate_cell(summary_of(draws[key].sel(control=name).values), unit="%")
                if key in draws
                else MISSING
                for key in ("elasticity", "lift", "effect")
            ),
        ]
        for name in draws["control"].values
    ]
    return make_table(("control", "for +1% (elasticity)", "when on (lift)", "for +1 sd"), rows)


def lift_tests(run: View) -> Table | None:
    """Lift of each experiment as measured and in the fitted model; None without experiments."""
    lift = run.group("posterior").get("lift_mean")
    if lift is None:
        return None
    tests = run.group("constant_data")
    rows: list[Row] = []
    for index, name in enumerate(lift["experiment"].values):
        test = tests.isel(experiment=index)
        measured, error = float(test["lift_observed"]), HALF_WIDTH * float(test["standard_error"])
        rows.append(
            [
                str(name),
                str(test["source"].item()),
                number_cell(float(test["spend_change"])),
                estimate_cell(Summary(measured, measured - error, measured + error)),
                estimate_cell(summary_of(lift.isel(experiment=index).values)),
            ]
        )
    head = ("experiment", "source", "change of spend", "lift measured", "lift in the model")
    return make_table(head, rows)


def data(run: View) -> Table:
    """Spend of each channel, or its exposure where it has no spend."""
    constant = run.group("constant_data")
    spend, exposure = constant["spend"], constant["exposure"]
    all_spend = float(spend.sum())
    roles = run.record.get("description", {}).get("channels", {})
    rows: list[Row] = []
    for name in run.channels:
        paid = run.has_spend(name)
        values = (spend if paid else exposure).sel(channel=name).values
        on = values[values > 0]
        mean = number_cell(float(on.mean()) if on.size else None)
        if not paid:
            mean = Cell(f"{mean.text} {run.exposure_name(name)}", mean.value)
        rows.append(
            [
                name,
                str(roles.get(name, {}).get("role", "")),
                number_cell(float(values.sum())) if paid else "no spend",
                number_cell(values.sum() / all_spend if all_spend and paid else None, percent),
                mean,
                number_cell(1 - on.size / values.size, percent),
            ]
        )
    return make_table(("channel", "role", "spent", "share", "mean when on", "weeks off"), rows)


def price_sentences(run: View) -> list[str]:
    """Cost of a thousand units of each channel's exposure, where it changes."""
    cpm = run.effects("cpm").get("cpm")
    if cpm is None:
        return []
    sentences = []
    for name in map(str, cpm["channel"].values):
        weekly = cpm.isel(unit=-1).sel(channel=name).values
        low, high = (number(float(end)) for end in np.nanquantile(weekly, INTERVAL))
        sentences.append(
            f"{name}: 1,000 {run.exposure_name(name)} cost {number(mean_cpm(run, name))} over all "
            f"weeks (spend over exposure), and between {low} and {high} in 9 of 10 weeks."
        )
    return sentences


def mean_cpm(run: View, channel: str) -> float:
    """Money per thousand units of a channel's exposure, over all weeks and units."""
    sums = run.group("constant_data")[["spend", "exposure"]].sel(channel=channel).sum()
    return 1000 * float(sums["spend"]) / float(sums["exposure"])


def data_sentence(run: View) -> str:
    """Weeks, units and outcome of the table."""
    observed = run.observed
    first, last = np.datetime_as_string(observed["time"].values[[0, -1]], "D")
    units = observed.sizes["unit"]
    low, median, high = np.quantile(observed.values, [INTERVAL[0], 0.5, INTERVAL[1]])
    return (
        f"{observed.sizes['time']} weeks, {first} to {last}"
        + (f", {units} units" if units > 1 else "")
        + f". A week's {run.outcome}: median {number(median)}, 90% of weeks between {number(low)} "
        f"and {number(high)}; {number(float(run.observed.sum()), digits=4)} in all."
    )


def model_sentences(run: View) -> list[str]:
    """Form of the model and the reason for each choice."""
    attrs = run.attrs
    log = attrs.get("link") == "log"
    sentences = [
        "Contributions multiply (log link): each channel raises the outcome by a factor."
        if log
        else "Contributions add up (identity link).",
        {
            "student_t": "Weekly disturbances follow a Student-t: extreme weeks count for less.",
            "lognormal": "Weekly disturbances are log-normal: they multiply a positive outcome.",
        }.get(
            str(attrs.get("likelihood")),
            "Weekly disturbances are normal" + (" on the log scale." if log else "."),
        ),
    ]
    sentences += _memory_sentences(run)
    sentences += _demand_sentences(run)
    if "floor" in attrs:
        at_floor = float((run.observed <= attrs["floor"]).mean())
        sentences.append(
            f"{run.outcome} is at its floor of {number(attrs['floor'])} in {percent(at_floor)} of "
            "weeks: "
            + (
                "its equation has two parts (hurdle), whether it is above the floor and how far."
                if attrs.get("at_floor") == "hurdle"
                else "what would have been lower is taken to be recorded as the floor (censored)."
            )
        )
    if run.mediator and "mediator" in run.group("observed_data"):
        off = percent(float((run.group("observed_data")["mediator"] == 0).mean()))
        sentences.append(
            f"{run.mediator} is off in {off} of weeks, so its equation has two parts (hurdle): "
            "whether it is on, and how much when it is."
            if attrs.get("mediator_likelihood") == "hurdle"
            else f"{run.mediator} is off in {off} of weeks, so its equation is a normal one."
        )
    sentences.append(
        f"A week's advertising has effects for {attrs.get('max_lag')} weeks, its own included."
    )
    return sentences


def _memory_sentences(run: View) -> list[str]:
    """Autocorrelation of the disturbances, if they have one, and why they have."""
    posterior, found = run.group("posterior"), []
    for name, column in (("phi", run.outcome), ("mediator_phi", run.mediator)):
        if name in posterior:
            lower, median, upper = posterior[name].quantile([0.05, 0.5, 0.95]).values
            found.append(f"{column} {number(median)} ({number(lower)} to {number(upper)}, 90%)")
    if not found:
        return []
    sentences = [
        "What disturbs a week is still felt in the next ones (autoregressive disturbances): the "
        f"correlation from one week to the next is {' and '.join(found)}."
    ]
    reason = run.record.get("errors_reason")
    return [*sentences, f"{capitalised(reason)}."] if reason else sentences


def _demand_sentences(run: View) -> list[str]:
    """Sentences on unseen demand, where it may move a spend."""
    if run.attrs.get("demand", "none") == "none":
        described = run.record.get("description", {}).get("channels", {})
        set_by_demand = [name for name, of in described.items() if of.get("set_by") == "demand"]
        spends = list(dict.fromkeys([*([run.mediator] if run.mediator else []), *set_by_demand]))
        if not spends:
            return []
        moved = join_names([*spends, run.outcome])
        return [f"No demand outside the table is taken to move {moved}."]
    moved = join_names([*run.moved, run.outcome])
    delay = run.group("posterior")["demand_delay"].quantile([0.05, 0.5, 0.95]).values
    lower, median, upper = (percent(float(value)) for value in delay)
    sentences = [
        f"Demand that is in no column may move {moved}. Its strength, the share that it makes of "
        "what is left unexplained of both a spend and the outcome, is learned beside the effects, "
        f"from a prior of any share and hardly of opposite signs; {median} of it ({lower} to "
        f"{upper}, 90%) comes a week later in {run.outcome}."
    ]
    if set_by_demand := [name for name in run.moved if name != run.mediator]:
        equations = "has an equation" if len(set_by_demand) == 1 else "have equations"
        sentences.append(
            f"{join_names(set_by_demand)} {equations} of what the calendar, the controls, the last "
            f"week's spend and the last week's {run.outcome} tell of the spend; the rest may be "
            "demand's."
        )
    return sentences


def priors(run: View) -> Table:
    """The priors, as declared."""
    rows: list[Row] = []
    for name, prior in run.record.get("priors", {}).items():
        parameters = dict(prior)
        distribution = str(parameters.pop("dist", ""))
        parameters |= parameters.pop("params", {})
        inside = ", ".join(f"{key} = {_parameter(value)}" for key, value in parameters.items())
        rows.append([str(name), f"{distribution}({inside})"])
    return make_table(("parameter", "prior"), rows)


def stated_priors(run: View) -> Table | None:
    """Stated priors beside the default ones; None where nothing is stated."""
    rows: list[Row] = []
    for record in run.record.get("stated_priors", []):
        name, channel = str(record["quantity"]), str(record["channel"])
        form = percent if name in _SHARES else number
        rows.append(
            [
                _STATED.get(name, name) + (f", {channel}" if channel else ""),
                str(record["stated"]),
                *(
                    _interval(record[f"{prefix}lower"], record[f"{prefix}upper"], form)
                    for prefix in ("", "default_")
                ),
            ]
        )
    head = ("quantity", "stated", "90% interval", "that of the default")
    return make_table(head, rows) if rows else None


def _interval(lower: float | None, upper: float | None, form: Callable[[float], str]) -> str:
    """An interval as text, an en dash where there is none."""
    return MISSING if lower is None or upper is None else f"{form(lower)} to {form(upper)}"


def _parameter(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_parameter, value))}]"
    return number(float(value)) if isinstance(value, int | float) else str(value)


def prior_sensitivity(run: View) -> Table | None:
    """Sensitivity of each effect to the prior and to the data, and which of them drives it."""
    records = run.diagnostics.get("prior_sensitivity", [])
    mediated = {record["channel"] for record in records if record["estimand"] == "indirect"}
    rows: list[Row] = []
    for record in records:
        channel, estimand = record["channel"], record["estimand"]
        # Without a path through the mediator, the direct effect is the total one.
        repeated = estimand == "direct" and channel not in mediated
        if repeated or estimand not in ("total", "direct", "indirect"):
            continue
        prior, likelihood = record["prior"], record["likelihood"]
        driver = "data"
        if record["prior_driven"]:
            driver = "prior" if prior > likelihood else "neither"
        rows.append(
            [
                f"{ALL_CHANNELS if channel == ALL_MEDIA else channel}, {estimand}",
                number_cell(prior, fixed),
                number_cell(likelihood, fixed),
                driver,
            ]
        )
    head = ("effect", "moves with the prior", "moves with the data", "more with the")
    return make_table(head, rows) if rows else None


def shrinkage(run: View) -> Table | None:
    """Share of the prior's variance that the data removed, by quantity and channel.

    All media together, which have a total alone, are the last column.
    """
    by_channel = {
        str(record["channel"]): record.get("shrinkage", {})
        for record in run.diagnostics.get("identifiability", {}).get("channels", [])
    }
    joint = run.diagnostics.get("identifiability", {}).get("together", {}).get("shrinkage")
    if joint:
        by_channel[ALL_CHANNELS] = joint
    present = dict.fromkeys(name for values in by_channel.values() for name in values)
    # Effects first, then the parameters.
    quantities = [name for name in _QUANTITIES if name in present]
    quantities += [name for name in present if name not in _QUANTITIES]
    rows: list[Row] = [
        [
            _QUANTITIES.get(name, name),
            *(number_cell(values.get(name), _shrinkage) for values in by_channel.values()),
        ]
        for name in quantities
    ]
    return make_table(("removed by the data", *by_channel), rows) if rows else None


def _shrinkage(value: float) -> str:
    """Shrinkage in percent; "< 0" where the posterior is wider than the prior."""
    return "< 0" if value < -0.005 else percent(max(value, 0.0))


def unmoved_parameters(run: View) -> list[str]:
    """Media parameters whose posterior is nearly as wide as their prior."""
    by_name: dict[str, list[str]] = {}
    for record in run.diagnostics.get("identifiability", {}).get("channels", []):
        for name, value in record.get("shrinkage", {}).items():
            if name not in ("total", "direct", "indirect") and value < UNMOVED:
                by_name.setdefault(_QUANTITIES.get(name, name), []).append(str(record["channel"]))
    return [f"{name} of {join_names(channels)}" for name, channels in by_name.items()]


def variance_inflation(run: View) -> Table | None:
    """Variance inflation factor of each channel's effect, in each equation."""
    by_channel = {
        str(record["channel"]): record["variance_inflation"]
        for record in run.diagnostics.get("identifiability", {}).get("channels", [])
        if record.get("variance_inflation")
    }
    heads = {"outcome": f"acting on {run.outcome}", "mediator": f"acting on {run.mediator}"}
    equations = list(dict.fromkeys(key for factors in by_channel.values() for key in factors))
    form = partial(number, digits=2)
    rows: list[Row] = [
        [name, *(number_cell(factors.get(key), form) for key in equations)]
        for name, factors in by_channel.items()
    ]
    head = ("variance inflation", *(heads.get(key, key) for key in equations))
    return make_table(head, rows) if rows else None


def convergence(run: View) -> Table:
    """Summary and convergence of the parameters with the largest R-hat."""
    rows: list[Row] = [
        [
            row["variable"] + (f" [{row['where']}]" if row["where"] else ""),
            estimate_cell(row_summary(row)),
            number_cell(row["r_hat"], partial(fixed, places=3)),
            number_cell(row["ess_bulk"]),
            number_cell(row["ess_tail"]),
        ]
        for _, row in run.parameters.head(ROWS).iterrows()
    ]
    return make_table(("parameter", "mean, 90% interval", "R-hat", "bulk ESS", "tail ESS"), rows)


def scores(run: View) -> Table | None:
    """Scores of the model's predictions, in fitted and in held-out weeks."""
    by_part = run.diagnostics.get("scores", {})
    parts = [part for part in ("in_sample", "holdout") if by_part.get(part)]
    names = [
        name
        for name in dict.fromkeys(key for scores in by_part.values() for key in scores)
        if any(by_part[part].get(name) is not None for part in parts)
    ]
    if not names:
        return None
    rows: list[Row] = [
        [SCORES.get(name, name), *(score_cell(name, by_part[part].get(name)) for part in parts)]
        for name in names
    ]
    heads = {"in_sample": "fitted weeks", "holdout": "weeks held out"}
    return make_table(("score", *(heads[part] for part in parts)), rows)


def score_cell(name: str, value: Any) -> Cell:
    """A score of predictions, an en dash where there is none.

    Parameters
    ----------
    name : str
        A key of `SCORES`.
    value : float, None or other
        In the score's unit; what is not a number is missing.
    """
    known = float(value) if isinstance(value, int | float) else None
    return number_cell(known, _FORMS.get(name, number))


def provenance(run: View) -> Table:
    """Command, seed, versions and hashes of the run."""
    record = run.record
    versions = record.get("versions", {}).items()
    facts = {
        "command": record.get("command"),
        "started": record.get("started"),
        "seed": record.get("seed"),
        "chains × draws": chains_and_draws(record),
        "time": f"{_seconds(record.get('wall_seconds'))} in all, sampling "
        f"{_seconds(record.get('sampling_seconds'))}, compiling "
        f"{_seconds(record.get('compile_seconds'))}",
        "table": record.get("data_file"),
        "table's SHA-256": record.get("data_sha256"),
        "git commit": record.get("git_commit"),
        "Python": record.get("python"),
        "versions": ", ".join(f"{name} {version}" for name, version in versions),
    }
    rows = ([key, str(value)] for key, value in facts.items() if value is not None)
    return make_table(("", ""), rows)


def chains_and_draws(record: dict[str, Any]) -> str:
    """Number of chains, draws and tuning draws of a run.

    Parameters
    ----------
    record : dict
        ``run.json``.
    """
    return f"{record.get('chains')} × {record.get('draws')} after {record.get('tune')} tuning draws"


def _seconds(value: Any) -> str:
    return f"{number(value)} s" if isinstance(value, int | float) else MISSING
