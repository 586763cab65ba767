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
# # 3. A posterior: what each channel did, and by which way
#
# **How much of revenue did each channel make, how much of that went through Google, and is it true?** The market is
# simulated, so the last question has an answer: the true effects stand beside the estimated ones.

# %%
from textwrap import fill

import arviz as az
import matplotlib.pyplot as plt
import numpy as np

import mmm_bayes as mmm
from mmm_bayes.plots import RC
from mmm_bayes.studies.simulate import compare_with_truth

plt.rcParams.update(RC)

# %% [markdown]
# `fit` samples the model once and keeps the run in a folder. If the folder already holds this very fit, it is
# read. A run is the same thing that `mmm-bayes fit` makes; `mmm.load_run(folder)` reads any of them.

# %%
run = mmm.fit(
    "partial_mediation",
    "../data/mediated.toml",
    ".runs/mediated-partial_mediation",
    say=None,
)
run

# %%
print(run.diagnostics["verdict"].upper(), *map(fill, run.diagnostics["reasons"]), sep="\n\n")

# %% [markdown]
# The verdict comes first, and its reasons are to be read before any number.
#
# ## Did the chains find the posterior?
#
# `run.draws` is an xarray `DataTree` as ArviZ reads it. R-hat should be at most 1.01, effective sample sizes 400 or
# more; `run.diagnostics` holds every check with its threshold.

# %%
parameters = ["beta", "gamma", "adstock_alpha", "saturation_kappa", "saturation_slope", "sigma"]
az.summary(run.draws, var_names=parameters, kind="diagnostics").sort_values("ess_bulk").head(6)

# %% [markdown]
# Rank plots: if the chains agree, the ranks of each chain's draws among all draws are uniform, and the lines (a
# chain's ECDF of ranks less the uniform one) wander about nothing; `p` is that of a test that they do.

# %%
_ = az.plot_rank(run.draws, var_names=["gamma"], figure_kwargs={"figsize": (9, 2.8)})
# %% [markdown]
# ## Effects
#
# *Total* is what revenue would have lost had the channel never spent, everything downstream responding. *Direct* is the
# part that does not go through Google, *indirect* the part that does. All of them are functions of draws.

# %%
pictures = mmm.pictures(run)
pictures["effects"]

# %% [markdown]
# Lines are 90% intervals, marks are means. What the causes send through Google is in their totals and in Google's: the
# totals overlap, and adding them up counts it twice.
#
# ### With the truth beside it
#
# In shares of all revenue, with 90% intervals. Of many such intervals nine in ten should hold the truth; of these
# eleven one or two may miss. (Google and TV have no indirect effect by definition: those rows are left out, and so are
# their direct effects, which are the totals.)

# %%
known = compare_with_truth(run.estimands, "../data/mediated.truth.json")
causes = known["channel"].isin(["facebook", "instagram", "tiktok"])
rows = known[causes | known["estimand"].eq("total")]
revenue = float(run.draws["observed_data/outcome"].sum())
shares = (
    rows.set_index(["channel", "estimand"])[["truth", "mean", "lower", "upper"]] * 100 / revenue
)
shares.round(1).assign(inside=rows["inside"].values)

# %% [markdown]
# ### Total = direct + indirect, draw by draw
#
# Intervals don't add up; draws do. In every draw the two parts make the total, and what one part has to do with
# the other can be read off.

# %%
draws = (
    run.effects["draws"].to_dataset().isel(unit=0).stack(sample=("chain", "draw")) * 100 / revenue
)
causes = ["facebook", "instagram", "tiktok"]
print(
    f"largest difference: {float(abs(draws['direct'] + draws['indirect'] - draws['total']).max()):.0e}"
)
for name in causes:
    parts = draws.sel(channel=name)
    r = np.corrcoef(parts["direct"], parts["indirect"])[0, 1]
    print(f"{name}: correlation of direct and indirect {r:.2f}")

# %% [markdown]
# The two paths are learnt nearly apart: one from the equation of revenue, one from that of Google. An indirect effect has
# two arrows: what the channel does to Google's spend, and what that spend does to revenue. Which of them is it that leaves
# it uncertain?

# %%
truth = known.set_index(["channel", "estimand"])["truth"] * 100 / revenue
gamma = 100 * run.draws["posterior/gamma"].stack(sample=("chain", "draw"))
margin = run.effects["draws/mroas"].isel(unit=0).sel(channel="google").values.ravel()
made, axes = plt.subplots(1, 3, figsize=(9, 2.9), layout="constrained", sharey=True)
for ax, name in zip(axes, causes, strict=True):
    first, indirect = gamma.sel(cause=name), draws["indirect"].sel(channel=name)
    ax.plot(first, indirect, ".", markersize=2, alpha=0.3)
    ax.axhline(truth[name, "indirect"], color="k", linestyle="--", linewidth=1)
    ax.axhline(0, color="k", linewidth=0.8)
    ax.set_title(f"{name}: r = {np.corrcoef(first, indirect)[0, 1]:.2f}")
    ax.set_xlabel("% of Google's spend that it raises")
    r = np.corrcoef(margin, indirect)[0, 1]
    print(f"{name}: correlation of the indirect effect with Google's marginal return {r:.2f}")
_ = axes[0].set_ylabel("indirect, % of revenue")

# %% [markdown]
# Each point is a draw; the dashed line is the true indirect effect. It is both arrows, and the second at least as much: what
# Google's money brings is uncertain here, because demand in no column may bring it instead. What counts is Google's
# *marginal* return, for what social channels add to Google is its last money and not its first. Points left of zero
# are draws in which the channel *lowers* Google's spend, which the model does not rule out.
#
# ### The causal graph, with its numbers

# %%
pictures["graph"]

# %% [markdown]
# ## Response curves
#
# What a constant weekly spend adds in the long run. Beyond the grey edge no week was ever observed, and the form of
# the curve speaks alone.

# %%
pictures["response"]

# %% [markdown]
# ## Whose answer is it?
#
# Grey is what the prior allowed, the coloured line what is left after the data. Where the two are alike, the answer
# is the prior's.

# %%
pictures["prior-effects"]

# %% [markdown]
# ## Does the model make such tables?
#
# Tables that the fitted model would produce, against the real one. That they look alike says nothing on causes; that
# they don't would say that the model is wrong.

# %%
_ = az.plot_ppc_dist(
    run.draws, var_names=["outcome"], num_samples=60, figure_kwargs={"figsize": (9, 3)}
)

# %% [markdown]
# ## What was found, and what it rests on
#
# * Direct, indirect and total effect of every channel, each with its interval, from one joint posterior. Ten of the eleven
#   intervals hold the true effect; Instagram's through Google is told too low. That is one table: how often they do over
#   many is in the [README](../README.md#how-well-it-does) and the calibration behind it.
# * What is unknown of an indirect effect is how much the channel moves Google's spend, and as much what that spend brings:
#   a test of Google itself would tell most.
# * How wide the intervals are matters as much as where they lie. TV, which came in flights, is known to within a percentage point;
#   Instagram, which ran every week, to within a factor of four, and Google, whose part demand may have, to within a factor
#   of nine. Totals of the causes overlap with Google's.
# * Each indirect effect is clear of zero. Its sign is that of the cause's effect on Google, which may be negative;
#   Google's effect on revenue is positive by prior, so the interval says how large, and less surely whether.
#   `mmm-bayes sensitivity` asks that with effects free in sign.
# * An interval rests on the model: what moves both Google and revenue unseen is one demand, whose strength is learned (in
#   this market there is none, which the model does not know), effects that stay the same, carryover that is over after 13 weeks. Google is
#   never off, so its total extrapolates along the assumed curve.
