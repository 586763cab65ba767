"""Page on the coverage of the 90% intervals, and the gains of plans, when the model is wrong.

Every number and every verdict on it is computed from the three tables; only the descriptions of the
departures are written by hand.
"""

from __future__ import annotations

import textwrap

import pandas as pd

from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.studies.calibration.alarms import warning_counts
from mmm_bayes.studies.calibration.departures import DEPARTURES, REFERENCE, Departure
from mmm_bayes.studies.calibration.plans import POLICIES, summarise_plans
from mmm_bayes.studies.calibration.recovery import NOMINAL, judge_coverage
from mmm_bayes.text import capitalised

GROUP_NAMES = {ALL_MEDIA: "all media together"}
POLICY_NAMES = {"planner": "set", "caused": "caused"}
ESTIMANDS = ("total", "direct", "indirect")
#: Effects within what was observed, by their names on the page.
SUPPORTED = {
    "total_observed": "total, above the lowest tenth",
    "direct_observed": "direct, above the lowest tenth",
    "indirect_observed": "indirect, above the lowest tenth",
    "total_minus20": "total of 20% less",
    "total_plus20": "total of 20% more",
}
WIDTH = 120
NAMES = {REFERENCE: "none (correctly specified)"} | {
    departure.scenario: departure.name for departure in DEPARTURES
}


def misspecification_page(rows: pd.DataFrame, checks: pd.DataFrame, plans: pd.DataFrame) -> str:
    """Markdown page on the coverage of the intervals, the warnings of the checks, and plans.

    Parameters
    ----------
    rows : pandas.DataFrame
        The tables that `market_effects` returns for `REFERENCE` and all `DEPARTURES`, concatenated.
    checks : pandas.DataFrame
        The tables that `market_checks` returns for some of the same markets, concatenated.
    plans : pandas.DataFrame
        The tables that `market_plans` returns for the same markets, concatenated.
    """
    coverage, warnings = judge_coverage(rows), warning_counts(checks)
    parts = [
        _introduction(rows),
        _verdict_lists(coverage),
        _rule(coverage),
        _coverage_table(coverage, dict(zip(ESTIMANDS, ESTIMANDS, strict=True))),
        *_supported_section(coverage),
        "## Would the report have warned?\n\n"
        "Of the checks that every run makes, those that compare the model with the data were "
        "counted: posterior predictive checks, residuals, leave-one-out, a holdout.",
        _checks_table(warnings),
        *_plans_section(plans),
        *(_section(departure, coverage, warnings) for departure in DEPARTURES),
    ]
    return "\n\n".join(map(_wrapped, "\n\n".join(parts).split("\n\n"))) + "\n"


def _introduction(rows: pd.DataFrame) -> str:
    markets = rows.groupby("scenario", sort=False)["seed"].nunique()
    return (
        "# When the model is wrong\n\n"
        f"`partial_mediation` was fitted to {markets.sum()} simulated markets, "
        f"{markets.min()} of each kind, in the form that `mmm-bayes fit` takes by default: "
        "additive, with a normal likelihood, Hill saturation, 13 weeks of carryover, constant "
        "effects, a demand that no column holds, and disturbances that remember if those without "
        "memory leave autocorrelation. Each kind of market departs from it in one way; the true "
        "effects are known. `make misspecification` makes the fits, the tables in "
        "`results/misspecification` and the whole of this page."
    )


def _verdict_lists(coverage: pd.DataFrame) -> str:
    """Departures under which the intervals can, and cannot, be trusted."""
    trusted, not_trusted = [], []
    for departure in DEPARTURES:
        failed = [name for name in ESTIMANDS if _fails(coverage, departure.scenario, name)]
        if failed:
            not_trusted.append(f"{departure.name} ({', '.join(failed)})")
            continue
        weak = [
            f"{name} of {GROUP_NAMES.get(group, group)}"
            for name in ESTIMANDS
            for group in _weak_groups(coverage, departure.scenario, name)
        ]
        trusted.append(departure.name + (f" (except: {', '.join(weak)})" if weak else ""))
    return (
        "Over all channels, the 90% intervals can be trusted under: "
        f"{'; '.join(trusted) or 'none'}. They cannot under: {'; '.join(not_trusted) or 'none'}."
    )


def _rule(coverage: pd.DataFrame) -> str:
    pooled = coverage[coverage["channel"] == "all"]
    return (
        "The rule: the share of intervals that contain the truth has a 90% interval itself "
        f"(Wilson). If that interval contains {NOMINAL:.0%}, the intervals are *trusted*; if it "
        "lies below, *not trusted*; if it lies above, *trusted, wider than need be*. A group of "
        "channels (social, google, tv), or all media together, that fails the rule by itself is "
        "named beside the verdict. "
        f"With {pooled['cases'].min()} to {pooled['cases'].max()} cases a small undercoverage goes "
        "unnoticed, and the channels of one market, which share its weeks, are counted as separate "
        "cases."
    )


def _coverage_table(coverage: pd.DataFrame, estimands: dict[str, str]) -> str:
    """Table of some estimands, by their names on the page."""
    lines = [
        "| departure | effect | intervals that contain the truth | relative error | "
        "width | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for scenario, name in NAMES.items():
        for estimand, effect in estimands.items():
            row = _row(coverage, scenario, estimand)
            lines.append(
                f"| {name} | {effect} | {_share(row)} | {row['relative_error']:+.0%} | "
                f"{row['mean_width']:.1%} | {_verdict(coverage, scenario, estimand)} |"
            )
    return (
        "\n".join(lines)
        + "\n\nRelative error: the median over cases of (posterior median - truth) / truth. Width: "
        "the mean width of the intervals, as a share of revenue."
    )


def _supported_section(coverage: pd.DataFrame) -> list[str]:
    """Section on the effects within what was observed, if the markets have them."""
    if not set(SUPPORTED) <= set(coverage["estimand"]):
        return []
    return [
        "## Within what was observed\n\n"
        "A total effect compares with none of a channel at all, which few of these tables show. "
        "Here are the effects that they do show, in the same fits: of the spends as they were "
        "against the channel's lowest tenth of weeks, and of 20% less or more in every week.",
        _coverage_table(coverage, SUPPORTED),
    ]


def _checks_table(warnings: pd.DataFrame) -> str:
    lines = [
        "| departure | markets | with a warning or a failure | with a failure | "
        "most frequent checks |",
        "|---|---|---|---|---|",
    ]
    for scenario, name in NAMES.items():
        row = warnings.set_index("scenario").loc[scenario]
        lines.append(
            f"| {name} | {row['markets']} | {row['warned']} | {row['failed']} | "
            f"{row['often'] or 'none'} |"
        )
    return "\n".join(lines)


def _plans_section(plans: pd.DataFrame) -> list[str]:
    """Section on promised and true gains of plans: a sentence, and a table by kind of market."""
    summary = summarise_plans(plans)
    ratios = summarise_plans(plans.assign(scenario="all")).set_index("policy")["ratio"]
    lines = [
        "| departure | google is | promised | true | promised / true | intervals that contain it | "
        "plans that lose |",
        "|---|---|---|---|---|---|---|",
    ]
    for scenario, name in NAMES.items():
        for policy in POLICIES:
            found = (summary["scenario"] == scenario) & (summary["policy"] == policy)
            row = summary[found].iloc[0]
            lines.append(
                f"| {name} | {POLICY_NAMES[policy]} | {row['promised']:.1%} | {row['true']:.1%} | "
                f"{row['ratio']:.2f} | {row['held']} of {row['markets']} | {row['lost']} |"
            )
    return [
        "## What a plan promises\n\n"
        "For each market, the best plan for the last year as it was, at the same budget and "
        "between half and one and a half of each channel's spend, was chosen by the posterior, and "
        "its gain computed from the true equations. Over all markets the promised gain is "
        f"{ratios['planner']:.2f} times the true one where Google's spend is set, and "
        f"{ratios['caused']:.2f} times where it follows from its causes: a plan that is chosen by "
        "a posterior takes what it overrates.",
        "\n".join(lines)
        + "\n\nPromised and true: mean gains as shares of the year's revenue; the ratio is that of "
        "their sums.",
    ]


def _section(departure: Departure, coverage: pd.DataFrame, warnings: pd.DataFrame) -> str:
    verdicts = ". ".join(
        f"{name.capitalize()} effects: {_verdict(coverage, departure.scenario, name)}"
        for name in ESTIMANDS
    )
    title = capitalised(departure.name)
    warning = _warning_sentence(departure, coverage, warnings)
    return f"## {title}\n\n{departure.truth}\n\n{verdicts}. {warning}\n\n{departure.remedy}"


def _warning_sentence(departure: Departure, coverage: pd.DataFrame, warnings: pd.DataFrame) -> str:
    """Frequency of warnings by the checks."""
    row = warnings.set_index("scenario").loc[departure.scenario]
    reference = warnings.set_index("scenario").loc[REFERENCE]
    sentence = (
        f"The checks warned or failed in {row['warned']} of {row['markets']} markets "
        f"({reference['warned']} of {reference['markets']} with the correctly specified model)"
    )
    too_narrow = any(
        _fails(coverage, departure.scenario, name)
        or _weak_groups(coverage, departure.scenario, name)
        for name in ESTIMANDS
    )
    if too_narrow and row["warned"] < row["markets"] / 2:
        return sentence + ": in most markets, nothing in the report gives a warning."
    return sentence + "."


def _verdict(coverage: pd.DataFrame, scenario: str, estimand: str) -> str:
    """The verdict over all channels, and the groups for which it is worse."""
    verdict = str(_row(coverage, scenario, estimand)["verdict"])
    weak = [
        f"{GROUP_NAMES.get(group, group)} "
        f"{_row(coverage, scenario, estimand, group)['coverage_90']:.0%}"
        for group in _weak_groups(coverage, scenario, estimand)
    ]
    if not weak:
        return verdict
    return f"{verdict} ({'' if verdict == 'not trusted' else 'not '}{', '.join(weak)})"


def _fails(coverage: pd.DataFrame, scenario: str, estimand: str) -> bool:
    """True if the intervals over all channels are not trusted."""
    return bool(_row(coverage, scenario, estimand)["verdict"] == "not trusted")


def _weak_groups(coverage: pd.DataFrame, scenario: str, estimand: str) -> list[str]:
    """Groups of channels whose own intervals are not trusted."""
    rows = coverage[(coverage["scenario"] == scenario) & (coverage["estimand"] == estimand)]
    failed = rows[(rows["verdict"] == "not trusted") & (rows["channel"] != "all")]
    return list(failed["channel"])


def _row(coverage: pd.DataFrame, scenario: str, estimand: str, group: str = "all") -> pd.Series:
    matches = (coverage["scenario"] == scenario) & (coverage["estimand"] == estimand)
    (row,) = coverage.index[matches & (coverage["channel"] == group)]
    return coverage.loc[row]


def _share(row: pd.Series) -> str:
    return (
        f"{row['coverage_90']:.0%} of {row['cases']} "
        f"({row['coverage_lower']:.1%} to {row['coverage_upper']:.1%})"
    )


def _wrapped(block: str) -> str:
    """A paragraph in lines of a readable length; tables stay as they are."""
    return block if block.startswith("|") else textwrap.fill(block, WIDTH, break_on_hyphens=False)
