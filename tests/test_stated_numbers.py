"""Numbers that the method states are those that the code uses."""

import re
from pathlib import Path

import pytest

from mmm_bayes import fitting
from mmm_bayes.dataset import profiling
from mmm_bayes.decisions import information, limits, moving, today
from mmm_bayes.diagnostics import convergence, predictive, prior
from mmm_bayes.diagnostics.identifiability import ALIKE, TRADE_OFF
from mmm_bayes.diagnostics.sensitivity import FELT
from mmm_bayes.estimands import summary
from mmm_bayes.refreshing import SURPRISING, TUNE
from mmm_bayes.rolling import stability
from mmm_bayes.sensitivity import confounding, placebo

METHOD = " ".join(
    (Path(__file__).resolve().parent.parent / "docs/method.md").read_text("utf-8").split()
)
low, high = summary.INTERVAL
stable, moderate = list(stability.CLASSES.values())[:2]

STATED = [
    f"Every interval is a {high - low:.0%} equal-tailed one",
    f"R-hat ≤ {convergence.RHAT_MAX}, bulk and tail ESS ≥ {convergence.ESS_MIN:.0f}, "
    f"E-BFMI ≥ {convergence.BFMI_MIN}",
    f"more than {convergence.DIVERGENT_SHARE_MAX:.0%} of the draws fail",
    f"more than {convergence.DEEPEST_SHARE_MAX:.0%} of trajectories",
    f"below {predictive.FAIL_BELOW} fails, below {predictive.WARN_BELOW} warns",
    f"the first {1 - fitting.HOLDOUT:.0%} of weeks",
    f"if its sensitivity to it is above {FELT} and above",
    f"if its sensitivity to them is below {FELT}",
    f"a correlation of direct or indirect effects below {TRADE_OFF}, or of media "
    f"beyond {ALIKE} in size",
    {10: "beyond ten times what was observed or stays below a tenth of it"}[int(prior.WITHIN)],
    {3: "more than a third of the weeks below zero"}[round(1 / prior.NEGATIVE_MAX)],
    {4: "a probability above one quarter"}[round(1 / prior.PROBABILITY_MAX)],
    {0.9: "more than nine tenths of the outcome"}[prior.NEARLY_ALL],
    f"for {({9: 'nine'})[len(confounding.GRID)]} values from {min(confounding.GRID)} to "
    f"{max(confounding.GRID)}",
    {3: "three times for each channel"}[placebo.SHIFTS],
    f"the mean price of the last {today.YEAR} weeks",
    f"no spend may exceed {limits.EXTRAPOLATION} times the channel's highest observed week",
    {0.9: "nine tenths of the carryover settle"}[information.SETTLED],
    f"*Stable* is a `cv` below {stable}",
    f"*volatile* one from {moderate} on",
    f"is below {SURPRISING} is more than new weeks",
    f"tune for {TUNE} draws",
    f"when it is zero in {profiling.MEDIATOR_OFF:.0%} of the weeks or more",
]


@pytest.mark.parametrize("words", STATED)
def test_the_method_states_what_is_used(words):
    assert words in METHOD


def test_the_small_moves_are_those_of_the_documents():
    page = (Path(__file__).resolve().parent.parent / "notebooks/5-decisions.py").read_text("utf-8")
    small, large = moving.SHARES
    assert re.search(f"Here are {small:.0%} and {large:.0%} of it", page.replace("\n# ", " "))


def test_every_statistic_of_the_checks_is_named():
    spoken = {
        "minimum": "minimum", "maximum": "maximum", "share_near_zero": "share near zero",
        "skewness": "skewness", "kurtosis": "kurtosis", "autocorrelation": "autocorrelation",
        "heteroscedasticity": "heteroscedasticity", "coverage_90": "interval coverage",
    }  # fmt: skip
    for name in predictive.STATISTICS:
        assert spoken[name] in METHOD
