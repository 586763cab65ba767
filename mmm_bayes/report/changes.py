"""Sentences about effects that may change over time: whether the data show a change."""

from __future__ import annotations

from mmm_bayes.report.run import View
from mmm_bayes.text import Summary, estimate


def change_sentences(run: View) -> list[str]:
    """A sentence for each channel; none for a model in which effects are constant."""
    over_time = run.effects("over_time")
    if "change" not in over_time:
        return []
    sentences = []
    for name in run.channels:
        percent = 100 * over_time["change"].sel(channel=name)
        values = (float(percent.sel(statistic=key)) for key in ("median", "lower", "upper"))
        sentences.append(_change_sentence(name, Summary(*values)))
    return sentences


def _change_sentence(name: str, remaining: Summary) -> str:
    """Sentence about the late effect in percent of the early one."""
    finding = (
        f"in the last quarter of the weeks the effect of {name} was "
        f"{estimate(remaining, unit='%')} of that in the first"
    )
    if remaining.upper < 100:
        return f"{name} lost effect: {finding}."
    if remaining.lower > 100:
        return f"{name} gained effect: {finding}."
    return f"The data do not show that {name} changed: {finding}, which does not exclude 100%."
