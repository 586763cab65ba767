"""The tables of a report: plain rows of text, ready for the template."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from mmm_bayes.report.run import View
from mmm_bayes.report.words import Channel, Summary, listed, number, spread

SAMPLE = ("chain", "draw")
ROWS = 15
#: Below this share of the prior's variance that the data took away, they hardly moved a parameter.
UNMOVED = 0.2

_QUANTITIES = {
    "total": "total effect",
    "direct": "direct effect",
    "indirect": "indirect effect",
    "beta": "media effect (beta)",
    "beta_direct": "media effect (beta)",
    "adstock_alpha": "carryover",
    "saturation_kappa": "half-saturation",
    "saturation_slope": "steepness",
    "gamma": "effect on the mediator (gamma)",
    "gamma_on": "effect on its being on (gamma_on)",
    "mediation_alpha": "carryover on the mediator",
    "mediation_kappa": "half-saturation on the mediator",
    "mediation_slope": "steepness on the mediator",
}

SCORES = {
    "r2": "R²",
    "rmse": "root mean squared error",
    "mape": "mean absolute error, in %",
    "mape_left_out": "weeks near 0, left out of it",
    "crps": "CRPS",
    "coverage_90": "weeks inside their 90% interval",
    "elpd_loo": "elpd, leave-one-out",
    "elpd_loo_se": "its standard error",
    "p_loo": "effective parameters",
}
#: Kinds of checks, as a reader asks.
GROUPS = {
    "data": "The table itself",
    "convergence": "Sampling",
    "outcome_ppc": "Does the model make such outcomes?",
    "mediator_ppc": "Does it make such mediator spends?",
    "residuals": "What is left over",
    "loo": "Single weeks that pull",
    "holdout": "Weeks held out",
    "change": "Does advertising still do what it did?",
    "experiments": "Lift tests",
    "prior": "Do the priors expect such a business?",
    "identifiability": "Can the channels be told apart?",
    "placebo": "Does it find effects where there are none?",
}
_SHARES = {"mape", "coverage_90"}


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes
    ----------
    head : tuple of str
    rows : tuple of tuple of cells
        A cell is its text and the smaller lines below it: intervals.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], ...], ...]


def table(head: Iterable[str], rows: Iterable[Iterable[str | tuple[str, ...]]]) -> Table:
    """Make a table; a string is a cell of one line."""
    return Table(
        tuple(head),
        tuple(tuple((c,) if isinstance(c, str) else c for c in row) for row in rows),
    )


def channels(run: View) -> list[Channel]:
    """What is known of each channel, in the order of the description."""
    evidence = {str(e.get("channel")): e for e in run.diagnostics.get("evidence", [])}
    posterior = run.group("posterior")
    outcome = float(run.observed.sum())
    found = []
    for name in run.channels:
        beta = posterior["beta"].sel(channel=name) if "beta" in posterior else None
        total = run.summary(name, "total")
        found.append(
            Channel(
                name=name,
                outcome=run.outcome,
                total=total,
                direct=run.summary(name, "direct"),
                share=total.times(100 / outcome),
                roas=run.summary(name, "roas"),
                evidence=tuple(evidence.get(name, {}).get("says", ())),
                direct_fixed=beta is not None and name in run.causes and not bool(beta.any()),
                positive=run.positive,
                paid=run.paid(name),
            )
        )
    return found


def effects(run: View) -> Table:
    """Effects of each channel: amounts, percent of the outcome, and returns."""
    percent = 100 / float(run.observed.sum())
    rows = []
    for name in run.channels:
        cells: list[str | tuple[str, ...]] = [name]
        for estimand in ("total", "direct", "indirect"):
            amount = run.summary(name, estimand)
            mean, interval = spread(amount)
            share, shares = spread(amount.times(percent), unit="%")
            cells.append((f"{mean}, {share}", interval, shares) if amount.exists else mean)
        cells += [
            spread(run.summary(name, estimand)) if run.paid(name) else "no spend"
            for estimand in ("roas", "mroas")
        ]
        rows.append(cells)
    return table(("channel", "total", "direct", "indirect", "ROAS", "marginal ROAS"), rows)


def controls(run: View) -> Table | None:
    """What the outcome does when a control changes; None without controls."""
    found = run.effect("controls")
    if "effect" not in found or found.sizes.get("control", 0) == 0:
        return None
    rows = [
        [
            str(name),
            *(
                _cell(found[key].sel(control=name), "%") if key in found else "–"
                for key in ("elasticity", "lift", "effect")
            ),
        ]
        for name in found["control"].values
    ]
    return table(("control", "for +1% (elasticity)", "when on (lift)", "for +1 sd"), rows)


def summary(draws: xr.DataArray) -> Summary:
    """Mean and 90% equal-tailed interval of draws (chain, draw)."""
    values = draws.values
    if not np.isfinite(values).all():
        return Summary(float("nan"), float("nan"), float("nan"))
    lower, upper = np.quantile(values, [0.05, 0.95])
    return Summary(float(values.mean()), float(lower), float(upper))


def _cell(draws: xr.DataArray, unit: str = "") -> tuple[str, str]:
    return spread(summary(draws), unit=unit)


def data(run: View) -> Table:
    """Each channel's spends, or the exposure of one that costs nothing."""
    known = run.group("constant_data")
    spend, exposure = known["spend"], known["exposure"]
    whole = float(spend.sum())
    roles = run.record.get("description", {}).get("channels", {})
    rows = []
    for name in run.channels:
        paid = run.paid(name)
        one = (spend if paid else exposure).sel(channel=name)
        on = one.values[one.values > 0]
        mean = number(float(on.mean())) if on.size else "–"
        rows.append(
            [
                name, str(roles.get(name, {}).get("role", "")),
                number(float(one.sum())) if paid else "no spend",
                f"{float(one.sum()) / whole:.1%}" if whole and paid else "–",
                mean if paid else f"{mean} {run.measure(name)}", f"{1 - on.size / one.size:.0%}",
            ]
        )  # fmt: skip
    return table(("channel", "role", "spent", "share", "mean when on", "weeks off"), rows)


def prices(run: View) -> list[str]:
    """What a thousand units of each channel's exposure cost, where that moves."""
    cpm = run.effect("cpm").get("cpm")
    if cpm is None:
        return []
    said = []
    for name in map(str, cpm["channel"].values):
        weekly = cpm.isel(unit=-1).sel(channel=name).values
        low, high = (number(float(end)) for end in np.nanquantile(weekly, [0.05, 0.95]))
        said.append(
            f"{name}: 1,000 {run.measure(name)} cost {number(mean_price(run, name))} over all "
            f"weeks (spend over exposure), and between {low} and {high} in 9 of 10 weeks."
        )
    return said


def mean_price(run: View, channel: str) -> float:
    """Money per thousand units of a channel's exposure, over all weeks and units."""
    one = run.group("constant_data")[["spend", "exposure"]].sel(channel=channel).sum()
    return 1000 * float(one["spend"]) / float(one["exposure"])


def span(run: View) -> str:
    """The table in one sentence."""
    seen = run.observed
    time = seen["time"].values
    units = seen.sizes["unit"]
    low, middle, high = np.quantile(seen.values, [0.05, 0.5, 0.95])
    return (
        f"{seen.sizes['time']} weeks, {np.datetime_as_string(time[0], 'D')} to "
        f"{np.datetime_as_string(time[-1], 'D')}"
        + (f", {units} units" if units > 1 else "")
        + f". A week's {run.outcome}: median {number(middle)}, 90% of weeks between {number(low)} "
        f"and {number(high)}; {number(float(seen.sum()), digits=4)} in all."
    )


def form(run: View) -> list[str]:
    """The choices of the fit and why, a sentence each."""
    attrs = run.attrs
    link, likelihood = str(attrs.get("link")), str(attrs.get("likelihood"))
    said = [
        "Contributions multiply (log link): each channel raises the outcome by a factor."
        if link == "log"
        else "Contributions add up (identity link).",
        {
            "student_t": "Weekly disturbances follow a Student-t: extreme weeks count for less.",
            "lognormal": "Weekly disturbances are log-normal: they multiply a positive outcome.",
        }.get(
            likelihood,
            "Weekly disturbances are normal" + (" on the log scale." if link == "log" else "."),
        ),
    ]
    if "floor" in attrs:
        at_floor = float((run.observed <= attrs["floor"]).mean())
        said.append(
            f"{run.outcome} stands at its floor of {attrs['floor']:g} in {at_floor:.0%} of weeks: "
            + (
                "its equation has two parts (hurdle), whether it is above and how far."
                if attrs.get("at_floor") == "hurdle"
                else "what would have been lower is taken to be recorded as the floor (censored)."
            )
        )
    if run.mediator and "mediator" in run.group("observed_data"):
        off = float((run.group("observed_data")["mediator"] == 0).mean())
        said.append(
            f"{run.mediator} is off in {off:.0%} of weeks, so its equation has two parts (hurdle): "
            "whether it is on, and how much when it is."
            if attrs.get("mediator_likelihood") == "hurdle"
            else f"{run.mediator} is off in {off:.0%} of weeks, so its equation is a normal one."
        )
    said.append(f"A week's advertising is felt for {attrs.get('max_lag')} weeks, its own included.")
    return said


def priors(run: View) -> Table:
    """The priors, as declared."""
    rows = []
    for name, prior in run.record.get("priors", {}).items():
        spec = dict(prior)
        dist = str(spec.pop("dist", ""))
        spec |= spec.pop("params", {})
        inside = ", ".join(f"{key} = {_parameter(value)}" for key, value in spec.items())
        rows.append([str(name), f"{dist}({inside})"])
    return table(("parameter", "prior"), rows)


def _parameter(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_parameter, value))}]"
    return number(float(value)) if isinstance(value, int | float) else str(value)


def sensitivities(run: View) -> Table | None:
    """How far each effect moves with the prior and with the data, and whose answer it is."""
    records = run.diagnostics.get("prior_sensitivity", [])
    mediated = {one["channel"] for one in records if one["estimand"] == "indirect"}
    rows = []
    for one in records:
        # Without a path through the mediator, the direct effect is the total one.
        direct = one["estimand"] == "direct" and one["channel"] not in mediated
        if direct or one["estimand"] not in ("total", "direct", "indirect"):
            continue
        prior, data = one["prior"], one["likelihood"]
        whose = "data"
        if one["prior_driven"]:
            whose = "prior" if prior > data else "neither"
        rows.append([f"{one['channel']}, {one['estimand']}", f"{prior:.2f}", f"{data:.2f}", whose])
    head = ("effect", "moves with the prior", "moves with the data", "more with the")
    return table(head, rows) if rows else None


def shrinkage(run: View) -> Table | None:
    """Share of the prior's variance that the data took away, by quantity and channel."""
    known = {
        str(one["channel"]): one.get("shrinkage", {})
        for one in run.diagnostics.get("identifiability", {}).get("channels", [])
    }
    found_names = dict.fromkeys(name for found in known.values() for name in found)
    # In the order of the words: what people ask first, then the parameters.
    quantities = [name for name in _QUANTITIES if name in found_names]
    quantities += [name for name in found_names if name not in _QUANTITIES]
    rows = [
        [
            _QUANTITIES.get(name, name),
            *(_share(found[name]) if name in found else "–" for found in known.values()),
        ]
        for name in quantities
    ]
    return table(("taken away by the data", *known), rows) if rows else None


def _share(value: float) -> str:
    """A share in per cent; what the data widened is below 0, however far."""
    return "< 0" if value < -0.005 else f"{value:.0%}".replace("-", "")


def unmoved(run: View) -> list[str]:
    """Media parameters that the data left nearly as wide as their prior."""
    by_name: dict[str, list[str]] = {}
    for one in run.diagnostics.get("identifiability", {}).get("channels", []):
        for name, value in one.get("shrinkage", {}).items():
            if name not in ("total", "direct", "indirect") and value < UNMOVED:
                by_name.setdefault(_QUANTITIES.get(name, name), []).append(str(one["channel"]))
    return [f"{name} of {listed(channels)}" for name, channels in by_name.items()]


def inflation(run: View) -> Table | None:
    """How much wider a channel's effect is for the company of the others, in each equation."""
    known = [
        (str(one["channel"]), one["variance_inflation"])
        for one in run.diagnostics.get("identifiability", {}).get("channels", [])
        if one.get("variance_inflation")
    ]
    words = {"outcome": f"acting on {run.outcome}", "mediator": f"acting on {run.mediator}"}
    equations = list(dict.fromkeys(key for _, found in known for key in found))
    rows = [
        [name, *("–" if found.get(key) is None else f"{found[key]:.1f}" for key in equations)]
        for name, found in known
    ]
    head = ("variance inflation", *(words.get(key, key) for key in equations))
    return table(head, rows) if rows else None


def convergence(run: View) -> Table:
    """The parameters that converged worst."""
    found: Any = run.converged.head(ROWS).itertuples()
    rows = [
        [
            row.variable + (f" [{row.where}]" if row.where else ""),
            spread(Summary(row.mean, row.lower, row.upper)), f"{row.r_hat:.3f}",
            f"{row.ess_bulk:,.0f}", f"{row.ess_tail:,.0f}",
        ]
        for row in found
    ]  # fmt: skip
    return table(("parameter", "mean, 90% interval", "R-hat", "bulk ESS", "tail ESS"), rows)


def scores(run: View) -> Table | None:
    """How well the model predicts, in weeks it saw and in weeks it did not."""
    found = run.diagnostics.get("scores", {})
    names = list(dict.fromkeys(key for part in found.values() for key in part))
    if not names:
        return None
    parts = [part for part in ("in_sample", "holdout") if found.get(part)]
    names = [name for name in names if any(found[part].get(name) is not None for part in parts)]
    rows = [
        [SCORES.get(name, name), *(score(name, found[part].get(name)) for part in parts)]
        for name in names
    ]
    words = {"in_sample": "fitted weeks", "holdout": "weeks held out"}
    return table(("score", *(words[part] for part in parts)), rows)


def score(name: str, value: Any) -> str:
    """A score as it is shown, a dash where there is none.

    Parameters
    ----------
    name : str
    value : float or None
    """
    if not isinstance(value, int | float):
        return "–"
    return f"{value:.0%}" if name in _SHARES else number(float(value))


def provenance(run: View) -> Table:
    """Where the numbers come from."""
    record = run.record
    installed = record.get("versions", {}).items()
    versions = ", ".join(f"{name} {version}" for name, version in installed)
    pairs = {
        "command": record.get("command"),
        "started": record.get("started"),
        "seed": record.get("seed"),
        "chains × draws": f"{record.get('chains')} × {record.get('draws')} after "
        f"{record.get('tune')} of tuning",
        "time": f"{_seconds(record.get('wall_seconds'))} in all, sampling "
        f"{_seconds(record.get('sampling_seconds'))}, compiling "
        f"{_seconds(record.get('compile_seconds'))}",
        "table": record.get("data_file"),
        "table's SHA-256": record.get("data_sha256"),
        "git commit": record.get("git_commit"),
        "Python": record.get("python"),
        "versions": versions,
    }
    return table(("", ""), ([key, str(value)] for key, value in pairs.items() if value is not None))


def _seconds(value: Any) -> str:
    return f"{value:.0f} s" if isinstance(value, int | float) else "–"
