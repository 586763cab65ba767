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
# # 2. The model, its equations and its priors
#
# **What does the model assume of a business before it has seen the outcome, and could anybody believe it?** The
# equations, the two transforms that make advertising slow and saturating, every prior in numbers, and what the
# priors imply for a table. Nothing is fitted here.

# %%
import matplotlib.pyplot as plt
import numpy as np

import mmm_bayes as mmm
from mmm_bayes.plots import RC

plt.rcParams.update(RC)

# %% [markdown]
# ## The equations
#
# For week $t$, with exposures $x_{ct}$ of channel $c$ in multiples of its mean week that is on:
#
# $$
# \begin{aligned}
# a_{ct} &= \sum_{l=0}^{L-1} w_{cl}\, x_{c,t-l}, \qquad w_{cl} \propto \alpha_c^{\,l}, \quad \sum_l w_{cl} = 1
#   && \text{carryover (geometric adstock)}\\
# h_{ct} &= \frac{a_{ct}^{s_c}}{\kappa_c^{s_c} + a_{ct}^{s_c}}
#   && \text{saturation (Hill)}\\
# \text{google}_t &\sim \text{Normal}\Big(\mu_M + \sum_{c \in \text{causes}} \gamma_c \Big(\frac{k_{ct}}{\bar k_c} - 1\Big)
#   + z_t^\top \theta_M,\; \sigma_M\Big)
#   && \text{mediator}\\
# \text{revenue}_t &\sim \text{Normal}\Big(\mu + \sum_c \beta_c \Big(\frac{h_{ct}}{\bar h_c} - 1\Big)
#   + z_t^\top \theta,\; \sigma\Big)
#   && \text{outcome}
# \end{aligned}
# $$
#
# $k$ is the same pair of transforms with parameters of its own; $z$ holds price, promotion, trend and seasons. Both
# equations are fitted together. Revenue is a deviation from its mean, in multiples of four of its standard deviations,
# so $\beta_c$ **is what channel $c$ makes in the mean week by itself**, in that unit; Google is in multiples of its
# mean, so $\gamma_c$ **is the share of its spend that a cause brings about.** Nobody has an opinion on each $\beta_c$,
# but many have one on all of them together and on what money returns. So that is what the priors are about:
# $\beta_c = S w_c / \sum_d w_d$ with $S$ what all media make and $w_c$ the money of channel $c$ times its relative return.
#
# A member of the family is one short file. This is the whole of it:

# %%
from mmm_bayes.model.family import load_member

print(load_member("partial_mediation").source)

# %% [markdown]
# ## Carryover and saturation
#
# Retention $\alpha$ is what is left of a week's effect a week later. Half-saturation $\kappa$ is the exposure at
# which half of the full effect is reached, and the slope $s$ says how S-shaped the way there is. The same functions
# run on NumPy arrays, as here, and on the graph that is sampled.

# %%
from mmm_bayes.model.transforms.adstock import geometric
from mmm_bayes.model.transforms.saturation import hill

made, (left, right) = plt.subplots(1, 2, figsize=(9, 2.9), layout="constrained")
for alpha in (0.1, 0.5, 0.8):
    left.plot(100 * geometric.weights(np.array(alpha), 13), marker="o", label=f"retention {alpha}")
left.set(title="carryover", xlabel="weeks after the spend", ylabel="% of the week's effect")
exposure = np.linspace(0, 3, 200)
for kappa, slope in ((0.5, 1.0), (1.0, 1.2), (1.0, 2.5)):
    label = f"half-saturation {kappa}, slope {slope}"
    right.plot(exposure, 100 * hill.curve(exposure, np.array(kappa), np.array(slope)), label=label)
right.set(
    title="saturation", xlabel="exposure, multiples of the mean week", ylabel="% of full effect"
)
left.legend()
_ = right.legend(loc="lower right")
# %% [markdown]
# ## The priors, and what they imply
#
# `prior_check` builds the model on a table, draws 500 times from its priors, and puts the draws through the same
# functions as draws of a posterior: tables of revenue, effects, returns. It says which of it nobody would believe.

# %%
checked = mmm.prior_check("partial_mediation", "../data/mediated.toml")
print(checked.prior_text.to_string())

# %%
checked

# %% [markdown]
# All pass. The same in pictures: what the priors expect of a typical week of revenue, and of the part of it that all
# advertising together makes. The orange line is what the table shows. The priors should be wider than any sensible
# guess, and hold the line. All advertising together may make 2% of revenue or half of it, of five channels as of
# twenty. Whoever knows better should say so in the description, under `media_share`.

# %%
from mmm_bayes.plots.priors import prior_histogram


def expected(checked):
    """What priors imply: the revenue of a typical week, and the part that advertising makes."""
    weeks = checked.draws["prior_predictive/outcome"].values[0, :, :, 0]
    seen = checked.draws["observed_data/outcome"].values[:, 0]
    share = 100 * checked.effects["together"].values[0, :, 0] / seen.sum()
    made, (left, right) = plt.subplots(1, 2, figsize=(9, 2.5), layout="constrained")
    typical, observed = np.median(weeks, 1), np.median(seen)
    prior_histogram(left, typical, title="a typical week", label="revenue", observed=observed)
    prior_histogram(right, share, title="all advertising", label="% of revenue", observed=np.nan)


expected(checked)

# %% [markdown]
# ## A prior that nobody believes
#
# A "flat" prior is not modest: it is an opinion, and a strange one. Let each channel, by itself, make anything up to
# two or three times all revenue, and revenue's level be anything at all. The description of a table overrides any
# prior by name.

# %%
from pathlib import Path

folder = Path(".runs/tables")
folder.mkdir(parents=True, exist_ok=True)
text = (
    Path("../data/mediated.toml")
    .read_text()
    .replace('"mediated.csv"', '"../../../data/mediated.csv"')
)
flat = folder / "flat.toml"
flat.write_text(
    text
    + """
[priors]
beta      = { dist = "HalfNormal", sigma = 1.5 }
intercept = { dist = "Normal", mu = 0, sigma = 30 }
"""
)
believed = mmm.prior_check("partial_mediation", flat)
believed

# %%
expected(believed)

# %% [markdown]
# ## Why a mediation path needs its own prior thought
#
# $\gamma$ may have either sign. No mediation, and budget moved from Google to social, are answers that the prior
# must leave open. This is what it says of the indirect effects before the data: centred on nothing, both signs
# alike. An indirect effect that comes out of a fit clear of zero does not come from here.

# %%
outcome = float(checked.draws["observed_data"]["outcome"].sum())
before = 100 * checked.effects["indirect"].isel(chain=0, unit=0) / outcome
summary = before.quantile([0.05, 0.5, 0.95], "draw").to_pandas().T.round(1)
summary.columns = ["5%", "median", "95%"]
summary.loc[["facebook", "instagram", "tiktok"]].rename_axis("indirect effect, % of revenue")

# %% [markdown]
# ## What was found, and what it rests on
#
# * With the default priors all advertising together makes 2% to 52% of revenue (90%), and a unit of money returns 0.1
#   to 7. Revenue as it was seen lies well inside of what they expect. Priors that were meant to be "uninformative" are
#   sure that advertising makes several times all revenue; the check says so and names the parameter to narrow.
# * Priors on what all media make and on returns can be read aloud in a meeting. They rest on a judgement (money
#   returns about the same in every channel, give or take a factor of four), not on data. Where a table says little, the
#   report shows each effect before and after the data, and says whose answer it is.
# * The form is assumed, too: geometric carryover that is over after 13 weeks, Hill saturation, effects that stay
#   the same. [docs/misspecification.md](../docs/misspecification.md) shows what intervals are worth when that is wrong.
