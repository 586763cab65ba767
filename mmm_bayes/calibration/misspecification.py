"""The page that says what the 90% intervals are worth when the model is wrong.

Every number and every verdict on it is made from the two tables; only the descriptions of the
departures are written by hand.
"""

from __future__ import annotations

import textwrap

import pandas as pd

from mmm_bayes.calibration.alarms import told
from mmm_bayes.calibration.departures import DEPARTURES, REFERENCE, Departure
from mmm_bayes.calibration.trust import NOMINAL, judge

ESTIMANDS = ("total", "direct", "indirect")
WIDTH = 120
NAMES = {REFERENCE: "none: the model is right"} | {each.scenario: each.name for each in DEPARTURES}


def page(rows: pd.DataFrame, checks: pd.DataFrame) -> str:
    """Write the page.

    Parameters
    ----------
    rows : pandas.DataFrame
        What `recover` yields for `REFERENCE` and all `DEPARTURES`, together.
    checks : pandas.DataFrame
        What `alarms` yields for some of the same markets.

    Returns
    -------
    str
        Markdown.
    """
    judged, warned = judge(rows), told(checks)
    parts = [
        _opening(rows),
        _answer(judged),
        _rule(judged),
        _coverage(judged),
        "## Would the report have said so?\n\n"
        "Of the checks that every run makes, those that hold the model against the data were "
        "counted: posterior-predictive checks, residuals, leave-one-out, a holdout.",
        _checks(warned),
        *(_section(each, judged, warned) for each in DEPARTURES),
    ]
    return "\n\n".join(map(_wrapped, "\n\n".join(parts).split("\n\n"))) + "\n"


def _opening(rows: pd.DataFrame) -> str:
    markets = rows.groupby("scenario", sort=False)["seed"].nunique()
    return (
        "# When the model is wrong\n\n"
        f"`partial_mediation` was fitted to {markets.sum()} simulated markets, "
        f"{markets.min()} of each kind: additive, normal likelihood, Hill saturation, 13 weeks of "
        "carryover, effects that stay the same. The markets depart from that in one way each; "
        "their true effects are known. `make misspecification` makes the fits, the tables in "
        "`results/misspecification` and this page, its words included."
    )


def _answer(judged: pd.DataFrame) -> str:
    """The verdicts in two lists."""
    good, bad = [], []
    for each in DEPARTURES:
        failed = [name for name in ESTIMANDS if _fails(judged, each.scenario, name)]
        if failed:
            bad.append(f"{each.name} ({', '.join(failed)})")
            continue
        weak = [
            f"{name} of {group}"
            for name in ESTIMANDS
            for group in _weak(judged, each.scenario, name)
        ]
        good.append(each.name + (f" (except: {', '.join(weak)})" if weak else ""))
    return (
        f"Over all channels, the 90% intervals can be trusted under: {'; '.join(good) or 'none'}. "
        f"They cannot under: {'; '.join(bad) or 'none'}."
    )


def _rule(judged: pd.DataFrame) -> str:
    pooled = judged[judged["channel"] == "all"]
    return (
        "The rule: the share of intervals that hold the truth has a 90% interval itself (Wilson). "
        f"If it reaches {NOMINAL:.0%}, the intervals are *trusted*; if it lies below, *not "
        "trusted*; if it lies above, *trusted, wider than need be*. A group of channels (social, "
        "google, tv) whose own share fails the rule is named beside the verdict. With "
        f"{pooled['cases'].min()} to {pooled['cases'].max()} cases a small lack of coverage goes "
        "unnoticed, and channels of one market, which share its weeks, are counted as if they "
        "were separate cases."
    )


def _coverage(judged: pd.DataFrame) -> str:
    lines = [
        "| the truth departs by | effect | intervals that hold the truth | relative error | "
        "width | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for scenario, name in NAMES.items():
        for estimand in ESTIMANDS:
            row = _row(judged, scenario, estimand)
            lines.append(
                f"| {name} | {estimand} | {_share(row)} | {row['relative_error']:+.0%} | "
                f"{row['mean_width']:.0%} | {_verdict(judged, scenario, estimand)} |"
            )
    return (
        "\n".join(lines)
        + "\n\nRelative error: the median over cases of (posterior median - truth) / truth. Width: "
        "the mean width of the intervals, in shares of revenue."
    )


def _checks(warned: pd.DataFrame) -> str:
    lines = [
        "| the truth departs by | markets | with a warning or a failure | with a failure | "
        "most often |",
        "|---|---|---|---|---|",
    ]
    for scenario, name in NAMES.items():
        row = warned.set_index("scenario").loc[scenario]
        lines.append(
            f"| {name} | {row['markets']} | {row['warned']} | {row['failed']} | "
            f"{row['often'] or 'none'} |"
        )
    return "\n".join(lines)


def _section(each: Departure, judged: pd.DataFrame, warned: pd.DataFrame) -> str:
    verdicts = ". ".join(
        f"{name.capitalize()} effects: {_verdict(judged, each.scenario, name)}"
        for name in ESTIMANDS
    )
    title = each.name[0].upper() + each.name[1:]
    return (
        f"## {title}\n\n{each.truth}\n\n{verdicts}. {_said(each, judged, warned)}\n\n{each.remedy}"
    )


def _said(each: Departure, judged: pd.DataFrame, warned: pd.DataFrame) -> str:
    """Whether a user would have learnt of it."""
    row = warned.set_index("scenario").loc[each.scenario]
    usual = warned.set_index("scenario").loc[REFERENCE]
    says = (
        f"The checks warned or failed in {row['warned']} of {row['markets']} markets "
        f"({usual['warned']} of {usual['markets']} where the model is right)"
    )
    wrong = any(
        _fails(judged, each.scenario, name) or _weak(judged, each.scenario, name)
        for name in ESTIMANDS
    )
    if wrong and row["warned"] < row["markets"] / 2:
        return says + ": mostly, nothing in the report tells."
    return says + "."


def _verdict(judged: pd.DataFrame, scenario: str, estimand: str) -> str:
    """The verdict over all channels, and the groups that are worse than it says."""
    says = str(_row(judged, scenario, estimand)["verdict"])
    weak = [
        f"{group} {_row(judged, scenario, estimand, group)['coverage_90']:.0%}"
        for group in _weak(judged, scenario, estimand)
    ]
    if not weak:
        return says
    return f"{says} ({'' if says == 'not trusted' else 'not '}{', '.join(weak)})"


def _fails(judged: pd.DataFrame, scenario: str, estimand: str) -> bool:
    """Whether the intervals over all channels are not trusted."""
    return bool(_row(judged, scenario, estimand)["verdict"] == "not trusted")


def _weak(judged: pd.DataFrame, scenario: str, estimand: str) -> list[str]:
    """Groups of channels whose own intervals are not trusted."""
    mine = judged[(judged["scenario"] == scenario) & (judged["estimand"] == estimand)]
    failed = mine[(mine["verdict"] == "not trusted") & (mine["channel"] != "all")]
    return list(failed["channel"])


def _row(judged: pd.DataFrame, scenario: str, estimand: str, group: str = "all") -> pd.Series:
    mine = (judged["scenario"] == scenario) & (judged["estimand"] == estimand)
    (row,) = judged.index[mine & (judged["channel"] == group)]
    return judged.loc[row]


def _share(row: pd.Series) -> str:
    return (
        f"{row['coverage_90']:.0%} of {row['cases']} "
        f"({row['coverage_lower']:.1%} to {row['coverage_upper']:.1%})"
    )


def _wrapped(block: str) -> str:
    """A paragraph in lines of a readable length; tables stay as they are."""
    return block if block.startswith("|") else textwrap.fill(block, WIDTH, break_on_hyphens=False)
