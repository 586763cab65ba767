"""What a report says of effects that may change: whether they did, by more than is unknown."""

from __future__ import annotations

from mmm_bayes.report.run import View
from mmm_bayes.report.words import Summary, with_interval


def changes(run: View) -> list[str]:
    """A sentence for each channel; none for a model in which effects are constant."""
    found = run.effect("over_time")
    if "change" not in found:
        return []
    said = []
    for name in run.channels:
        one = found["change"].sel(channel=name)
        values = (100 * float(one.sel(statistic=key)) for key in ("median", "lower", "upper"))
        said.append(_says(name, Summary(*values)))
    return said


def _says(name: str, left: Summary) -> str:
    """Of what is left of an effect, in per cent of what it was."""
    known = (
        f"in the last quarter of the weeks the effect of {name} was "
        f"{with_interval(left, unit='%')} of that in the first"
    )
    if left.upper < 100:
        return f"{name} lost effect: {known}."
    if left.lower > 100:
        return f"{name} gained effect: {known}."
    return f"The data do not show that {name} changed: {known}, which does not exclude 100%."
