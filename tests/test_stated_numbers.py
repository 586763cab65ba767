"""Numbers that the method states are those that the code uses."""

import re
from pathlib import Path

import pytest

from mmm_bayes.data import profiles
from mmm_bayes.decisions import information, limits, moves
from mmm_bayes.diagnostics import convergence, predictive, prior
from mmm_bayes.diagnostics.identifiability import EFFECT_CORRELATION_MIN, MEDIA_CORRELATION_MAX
from mmm_bayes.diagnostics.sensitivity import SENSITIVITY_THRESHOLD
from mmm_bayes.estimands import summary
from mmm_bayes.inference import fit as fitting
from mmm_bayes.inference.refresh import SURPRISING, TUNE
from mmm_bayes.model.transforms.adstock import geometric
from mmm_bayes.sensitivity import confounding, placebo
from mmm_bayes.studies.rolling import stability

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
    f"more than {convergence.TREE_DEPTH_SHARE_MAX:.0%} of trajectories",
    f"below {predictive.FAIL_BELOW} fails, below {predictive.WARN_BELOW} warns",
    f"the first {1 - fitting.HOLDOUT_SHARE:.0%} of weeks",
    f"if its sensitivity to it is above {SENSITIVITY_THRESHOLD} and above",
    f"if its sensitivity to them is below {SENSITIVITY_THRESHOLD}",
    f"a correlation of direct or indirect effects below {EFFECT_CORRELATION_MIN}, or of media "
    f"beyond {MEDIA_CORRELATION_MAX} in size",
    {10: "beyond ten times what was observed or stays below a tenth of it"}[int(prior.RATIO_MAX)],
    {3: "more than a third of the weeks below zero"}[round(1 / prior.NEGATIVE_MAX)],
    {4: "a probability above one quarter"}[round(1 / prior.PROBABILITY_MAX)],
    {0.9: "more than nine tenths of the outcome"}[prior.NEARLY_ALL],
    f"for {({9: 'nine'})[len(confounding.GRID)]} values from {min(confounding.GRID)} to "
    f"{max(confounding.GRID)}",
    {3: "three times for each channel"}[placebo.SHIFTS],
    "Beta({alpha}, {beta})".format(**geometric.priors_at(1.0)["alpha"][1]),
    f"after {geometric.HALF_LIFE[0]:.1f} to {geometric.HALF_LIFE[1]:.0f} days (90%)",
    f"no spend may exceed {limits.EXTRAPOLATION} times the highest that the channel sustained",
    {0.9: "nine tenths of the carryover settle"}[information.SETTLED],
    f"*Stable* is a `cv` below {stable}",
    f"*volatile* one from {moderate} on",
    f"is below {SURPRISING} is more than new weeks",
    f"tune for {TUNE} draws",
    f"when it is zero in {profiles.MEDIATOR_OFF:.0%} of the weeks or more",
]


@pytest.mark.parametrize("words", STATED)
def test_the_method_states_what_is_used(words):
    assert words in METHOD


def test_the_small_moves_are_those_of_the_documents():
    page = (Path(__file__).resolve().parent.parent / "notebooks/5-decisions.py").read_text("utf-8")
    small, large = moves.SHARES
    assert re.search(f"Here are {small:.0%} and {large:.0%} of it", page.replace("\n# ", " "))


def test_every_statistic_of_the_checks_is_named():
    spoken = {
        "minimum": "minimum", "maximum": "maximum", "share_near_zero": "share near zero",
        "skewness": "skewness", "kurtosis": "kurtosis", "autocorrelation": "autocorrelation",
        "heteroscedasticity": "heteroscedasticity", "coverage_90": "interval coverage",
    }  # fmt: skip
    for name in predictive.STATISTICS:
        assert spoken[name] in METHOD
