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
# # 5. Decisions: what to spend, and what to find out next
#
# **Where should the next unit of money go, how sure is that, and which experiment would tell most?** Everything here is
# computed on all draws of one fit, so what is not known about the channels is in every answer.

# %%
import pandas as pd

import mmm_bayes as mmm
from mmm_bayes.decisions import decide

run = mmm.fit(
    "partial_mediation",
    "../data/mediated.toml",
    ".runs/mediated-partial_mediation",
    say=None,
)
run

# %% [markdown]
# `decide` is what `mmm-bayes optimize RUN` runs: it looks for the best split of today's budget, then at what else a
# decision needs, and writes it all into the run's folder. Today is the mean week of the last 52; every channel may
# spend between half and one and a half times what it spends today.

# %%
plan = decide(run.folder, say=lambda line: None)
plan

# %% [markdown]
# The gain is that of the whole plan over its weeks, against going on as today. Its interval is that of the
# parameters: the chance of a single year is not in it. The probability that it is a gain holds *if the model is right*.

# %%
pictures = mmm.pictures(run)
pictures["plan"]

# %% [markdown]
# ## Marginal return: the next unit of money
#
# The average return looks back on all money spent, the marginal one asks what a little more would bring. Only the
# second says where to put it. Both are split by path: straight, and through Google.

# %%
returns = pd.read_csv(run.folder / "returns.csv")
values = [
    f"{one.mean:.1f} ({one.lower:.1f} to {one.upper:.1f})" if one.sd > 1e-6 else "none"
    for one in returns.itertuples()
]
channels = run.effects["draws"]["channel"].values
returns.assign(shown=values).pivot(index="channel", columns="estimand", values="shown").loc[
    channels
]

# %% [markdown]
# Revenue per unit of money: posterior mean and 90% interval. Where the marginal return is well below the average one,
# the channel is near saturation. (The margin through Google assumes that Google's budget follows; if a planner fixes it,
# only the direct part is left.)
#
# ## A small step
#
# Nobody moves a whole budget on the word of one model. Here are 5% and 10% of it, moved from the lowest marginal
# returns to the highest.

# %%
moves = pd.read_csv(run.folder / "moves.csv")
moves.assign(share=(100 * moves["share"]).map("{:.0f}%".format)).round(
    {"mean": -3, "median": -3, "lower": -3, "upper": -3, "p_gain": 3}
)

# %% [markdown]
# ## What caution costs
#
# The plan with the highest expected gain need not be the one whose worst cases are best. The frontier goes from
# one to the other. If its ends lie close together, there is little to choose.

# %%
pictures["frontier"]

# %% [markdown]
# ## How flat is the top?
#
# Expected revenue over two spends that are both set. Where lines are far apart, many plans are nearly as good, and
# there are reasons other than this model to choose among them. No week was observed on the grey ground.

# %%
pictures["tradeoff"]

# %% [markdown]
# ## A plan for those who can't set Google's budget
#
# If Google's spend follows demand, it is no lever: it answers to what the causes do. `mediator="caused"` lets it
# follow, and charges what it then costs to the budget. Bounds are multiples of today's spend, of a channel or a role.
# (`objective="cvar"` would plan for the worst tenth of cases.)

# %%
mmm.optimize(run.folder, mediator="caused", lower={"tv": 0.8}, upper={"tv": 1.2})

# %% [markdown]
# ## Which experiment next?
#
# What would it be worth, in revenue of this plan, to know a channel's effect exactly? A channel that gets the same
# budget in every draw is worth no test, however uncertain it is. The last columns are a test that would tell: weeks
# off (or at half) and weeks on in turn, how many of each, and its power.

# %%
tests = pd.read_csv(run.folder / "next_experiments.csv").query("cut == 'off'")
tests.set_index("channel")[["value", "share", "washout", "weeks", "power"]].round(
    {"value": -2, "share": 2, "power": 2}
)

# %% [markdown]
# `value` is expected revenue over the plan; `share` is its part of the value of knowing everything. A test's weeks go into
# the table of the next fit. (A lift that other data measured goes into `[experiments]` of the description.)

# %% [markdown]
# ## What was found, and what it rests on
#
# * The model would move money from Google and TikTok, whose next unit brings least, to TV and Facebook, and holds it for
#   likely, not for certain, that this gains. TV goes to its bound: the model would go on in that direction, and the bound is where it
#   was told to stop, because a model should not be followed far from what was observed.
# * Moving a tenth of the budget already has most of the gain. Caution has a price here: the most cautious plan gives up more
#   than a third of the expected gain, and in the worst tenth of cases gains where the other loses.
# * Google's effect is most worth an experiment, by far: demand in no column may have brought what Google seems to bring, and
#   the plan hangs on it. TV's is worth none: it is known well, and its place in the plan is the same in every draw.
# * All of it holds if the model is right and its causes are causes. The plan scales the last year as it was, with its
#   flights and prices of exposure, and effects as in the fitted weeks. On simulated markets plans reached 98% of the
#   true optimum or more where no demand was unseen ([docs/method.md](../docs/method.md#plans)), and brought half of what
#   they promised where the model did not fit the market ([docs/misspecification.md](../docs/misspecification.md)).
