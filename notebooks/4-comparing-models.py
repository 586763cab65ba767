# ---
# jupyter:
#   jupytext:
#     formats: py:percent,ipynb
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4. Which model, and is the answer the same all the time?
#
# **Do the data prefer a mediation path, and would last year's answer have been this year's?** Three models of one
# table are compared by how well they predict weeks they have not seen; then one of them is fitted again over windows.

# %%
import json
from pathlib import Path
from shutil import rmtree
from textwrap import fill

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Image

import mmm_bayes as mmm
from mmm_bayes.plots import RC

plt.rcParams.update(RC)
DATA, RUNS = "../data/mediated.toml", Path(".runs")


def quiet(line):
    """Progress of refits, not shown here."""


# %% [markdown]
# ## Three models of one market
#
# `no_mediation`: every channel acts by itself. `full_mediation`: social acts only through Google, the assumption of
# two-stage models. `partial_mediation`: both. In this simulated market both paths are real.

# %%
best = mmm.fit("partial_mediation", DATA, RUNS / "mediated-partial_mediation", say=None)
runs = {"partial_mediation": best} | {
    name: mmm.fit(name, DATA, RUNS / f"mediated-{name}", draws=500, tune=500, say=None)
    for name in ("no_mediation", "full_mediation")
}
print(*runs.values(), sep="\n")

# %% [markdown]
# ## Which predicts weeks it has not seen?
#
# `compare` gives each run's expected log predictive density (ELPD) by leave-one-out, the difference from the best with
# its standard error, and stacking weights. Where importance sampling fails for a week, the model is fitted again
# without it.

# %%
rmtree(RUNS / "comparison", ignore_errors=True)
table = mmm.compare([run.folder for run in runs.values()], RUNS / "comparison", say=quiet)
table.round(2).set_index("run").T

# %%
told = json.loads((RUNS / "comparison/compare.json").read_text())
print(*map(fill, told["sentences"] + told["notes"]), sep="\n\n")

# %%
Image(RUNS / "comparison/compare.png", width=900)

# %% [markdown]
# ### What predicting can't tell
#
# `no_mediation` and `partial_mediation` have the same equation of revenue; the second adds one for Google's spend. So no
# prediction of *revenue* can tell them apart, however much data there are. They differ in what they say of causes:

# %%
shown = pd.concat(
    {
        name: run.estimands.query("estimand == 'total'").set_index("channel")
        for name, run in runs.items()
    }
)
revenue = float(runs["no_mediation"].draws["observed_data/outcome"].sum())
share = (shown[["lower", "upper"]] * 100 / revenue).round(1).astype(str).agg(" to ".join, axis=1)
truth = pd.DataFrame(json.loads(Path("../data/mediated.truth.json").read_text())["effects"])
true_share = truth.query("estimand == 'total'").set_index("channel")["value"] * 100 / revenue
share.unstack(0)[list(runs)].assign(truth=true_share.round(1)).rename_axis(
    "total effect, % of revenue, 90%"
)

# %% [markdown]
# `no_mediation` gives no credit for what a channel sends through Google, so the totals of the social channels come out
# lower. Which of the two is right is decided by knowledge of how search budgets are set, and by experiments.
#
# ## Is it the same in every window?
#
# One compiled model is fitted to windows of two years, a quarter apart, each scaled by its own weeks; each predicts
# the weeks after it. (`mmm-bayes rolling` does this with windows closer together; here few, so that it is quick.)

# %%
from mmm_bayes.inference.sampling import Settings
from mmm_bayes.report.rolling import render_rolling
from mmm_bayes.studies.rolling.job import plan_rolling, roll

short = Settings(draws=500, tune=500, chains=4)
plan = plan_rolling("partial_mediation", Path(DATA), short, window=104, step=13, horizon=13)
folder = roll(plan, RUNS / "rolling", say=quiet)
page = render_rolling(folder)

# %% [markdown]
# The return of each channel, window by window. Dots are medians, bands 90% intervals; the grey strip is the first
# window's interval. A later dot outside the strip would be an answer that last year's analysis would not have given.

# %%
Image(folder / "figures/roas.png", width=900)

# %% [markdown]
# Both paths of each channel, per week. An indirect band that reaches zero is a window that shows no mediation.

# %%
Image(folder / "figures/paths.png", width=900)

# %% [markdown]
# How much did the answers really vary? Estimates vary because the market does and because every fit errs. `cv` has the
# noise of the fits taken out and an interval of its own; `cv_naive` is the variation of the estimates as they are. Windows
# share most of their weeks, and that is allowed for.

# %%
stability = pd.read_csv(folder / "stability.csv").query("unit == 'all'").set_index("channel")
shown = ["estimand", "cv", "cv_lower", "cv_upper", "class", "p_stable", "cv_naive"]
stability.loc[stability["estimand"].isin(["roas", "contribution"]), shown].round(2)

# %% [markdown]
# ### Did the forecasts hold?

# %%
Image(folder / "figures/forecasts.png", width=900)

# %%
scores = pd.read_csv(folder / "scores.csv")
scores.loc[scores["horizon"] == "all"].round(3)

# %% [markdown]
# ## What was found, and what it rests on
#
# * Full mediation predicts unseen weeks clearly worse than the others, and fails its own checks: rightly, as this market
#   has direct effects. Two-stage models assume what it assumes.
# * `no_mediation` and `partial_mediation` predict revenue equally well and always will; what they say of Facebook differs by a third.
#   Prediction does not choose between causal graphs. Here the truth lies with both paths, in the one model whose
#   intervals hold all five true totals by more than a hair.
# * No channel's return leaves the interval of the first window. TV's contribution grew because its spend did: its return
#   did not. For the others five windows that share most of their weeks don't settle much: the intervals of `cv` run from
#   nothing to 0.3 to 0.9. The market's true effects are constant.
# * Of 52 forecast weeks 90% lie in their 90% intervals. The spends and controls of those weeks were taken as known, and
#   so was Google's: a forecast for planning has to make up its mind on them first.
