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
# # 7. Does Google work, or do people just want it?
#
# **People search when they want a thing, and buy it whether or not they searched. How much of what paid search seems to
# bring would have come without it?** The market is simulated: demand that no column holds makes 60% of what media,
# price, promotions and season leave unexplained of both Google's spend and revenue.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import mmm_bayes as mmm
from mmm_bayes.plots import RC
from mmm_bayes.studies.simulate import compare_with_truth

plt.rcParams.update(RC)
table = Path("../data/strongly_demanded.toml")

# %% [markdown]
# ## As if there were no such demand
#
# Every package takes the spend on searches as given. So does a fit that assumes that no demand moves both.

# %%
none = mmm.fit("partial_mediation", table, ".runs/demanded-none", demand="none", say=None)
print(*none.diagnostics["reasons"], sep="\n\n")

# %% [markdown]
# No check points to demand but the one that says it was assumed away: a model that credits Google with it predicts as
# well as one that does not. That the disturbances remember, and that Google's effect is larger than its prior expects,
# is all that shows, and the interval misses the truth.
#
# ## Demand as a part of the model
#
# By default the two equations share a demand. Its strength, the share that it makes of what is left of both, is a
# parameter with a wide prior, and the effects are learned beside it.

# %%
unseen = mmm.fit("partial_mediation", table, ".runs/demanded-unseen", say=None)
[check["message"] for check in unseen.diagnostics["checks"] if check["group"] == "demand"]


# %%
def of_google(run):
    """Google's total and the causes' indirect effects, in millions, beside the truth."""
    rows = compare_with_truth(run.estimands, "../data/strongly_demanded.truth.json")
    google = (rows["channel"] == "google") & (rows["estimand"] == "total")
    rows = rows[google | ((rows["estimand"] == "indirect") & (rows["truth"] != 0))]
    return rows.set_index(["channel", "estimand"])[["mean", "lower", "upper", "truth"]] / 1e6


pd.concat(
    {"no demand assumed": of_google(none), "demand learned": of_google(unseen)}, axis=1
).round(2)

# %% [markdown]
# ## What the data say of demand, and what they do not
#
# Left: the strength before the data (grey) and after. Right: each draw of the posterior. Where demand is stronger,
# Google brings less; the table alone does not say at which point of the cloud the truth lies.

# %%
draws = unseen.draws["posterior"]
rho = draws["rho"].values.ravel()
google = unseen.effects["draws"]["total"].sel(channel="google").isel(unit=-1).values.ravel() / 1e6
truth = of_google(unseen).loc[("google", "total"), "truth"]

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
left.hist(np.random.default_rng(0).uniform(-0.2, 0.95, 20_000), 40, density=True, color="0.85")
left.hist(rho, 40, density=True, alpha=0.7)
left.axvline(0.6, color="k", linestyle=":")
left.set(xlabel="demand's share of what is left of both", yticks=[])
right.scatter(rho[::4], google[::4], s=3, alpha=0.4)
right.axhline(truth, color="k", linestyle=":")
right.set(xlabel="demand's share of what is left of both", ylabel="Google's total effect, millions")
plt.close(figure)
figure

# %% [markdown]
# ## What would tell
#
# Whoever knows the strength of demand, from a category's searches or from other brands, states it. Here: between 40%
# and 80% with a probability of 90%.

# %%
stated = Path(".runs/strongly_demanded_stated.toml")
text = table.read_text().replace('"strongly_demanded.csv"', '"../../data/strongly_demanded.csv"')
stated.write_text(text + "\n[demand]\nstrength = { q05 = 0.4, q95 = 0.8 }\n")
known = mmm.fit("partial_mediation", stated, ".runs/demanded-stated", say=None)
pd.concat({"demand learned": of_google(unseen), "strength stated": of_google(known)}, axis=1).round(
    2
)

# %% [markdown]
# ## What was found, and what it rests on
#
# * A fit that takes Google's spend as given credits it with the demand, and its checks of prediction do not see it.
# * With demand in the model the interval of Google's effect holds the truth here, and it says how little a table alone
#   can tell of it.
# * It rests on a demand of the kind that the model knows: one that moves the search spend and revenue in the same week or
#   the next, and the spends of other channels only where the description says so (`set_by = "demand"`). Weeks in which
#   a test set Google's spend (`designed`) rest on less, and so does a lift test: `[experiments]`
#   takes its result into the fit ([describing a table](../docs/describing-a-table.md#an-experiment)).
