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
# # 1. The data, and what can go wrong with it
#
# **Is this table good enough to ask it what advertising did?** Before any model: what is refused, what is
# only warned of, and what each warning will mean for the answer. All tables here are simulated, so
# nothing in them belongs to anybody, and what is wrong with them is known.

# %%
from pathlib import Path
from textwrap import fill, indent

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import mmm_bayes as mmm
from mmm_bayes.plots import RC, series
from mmm_bayes.studies.simulate import save, simulate

plt.rcParams.update(RC)
FOLDER = Path(".runs/tables")

# %% [markdown]
# ## A table and its description
#
# A table is a CSV (or Excel, or Parquet) file with one row a week. A TOML file beside it says what its columns
# are. `load_data` reads both and gives labelled arrays, time first; `profile` says what is in them, and
# `show` prints it. On the command line that is `mmm-bayes check DATA.toml`.

# %%
market = simulate("zero_spend", seed=1)
csv, toml, truth = save(market, FOLDER / "market.csv")
print(toml.read_text())

# %%
data = mmm.load_data(toml)
mmm.show(mmm.profile(data))

# %% [markdown]
# Read the warnings first. This table has two things that decide what can be learnt:
#
# * `google`, the mediator, is off in about half of the weeks. "How much" and "whether at all" are two questions then, and its
#   equation gets a part for each (a *hurdle*). That is chosen by itself.
# * It has few rows for each parameter. The priors will weigh on the answer, and the report will say where.
#
# Look at the series too. Channels in flights (on and off) tell much more than channels that run all the time.

# %%
made, axes = plt.subplots(3, 2, figsize=(9, 5.6), layout="constrained")
series.outcome_over_time(axes[0, 0], data.data["outcome"], name="revenue")
series.spends_over_time(axes.ravel()[1:], data.data["spend"])

# %% [markdown]
# ## What is refused
#
# What cannot be modelled as it stands is an error: one sentence with the file, the column, the rows and the
# mend. Nothing is filled, summed or dropped in silence. Here are six spoilt copies of the table.

# %%
good = market.table


def refusal(table: pd.DataFrame) -> str:
    """What the library says of a table that it refuses."""
    table.to_csv(csv, index=False)
    try:
        mmm.load_data(toml)
    except mmm.InputError as problem:
        return str(problem)
    return "accepted"


spoilt = {
    "a week twice": pd.concat([good, good.iloc[[10]]]),
    "a week missing": good.drop(index=20),
    "an empty cell": good.assign(tv_spend=good["tv_spend"].where(good.index != 30)),
    "a negative spend": good.assign(tv_spend=good["tv_spend"].where(good.index != 30, -5.0)),
    "a column renamed": good.rename(columns={"price": "Price"}),
    "a word among numbers": good.assign(
        price=good["price"].astype(object).where(good.index != 3, "closed")
    ),
}
for fault, table in spoilt.items():
    print(fault, indent(fill(refusal(table)), "    "), sep="\n", end="\n\n")

# %% [markdown]
# ## Duplicates in a panel
#
# A table of several regions has one row for each region and week. If a region's week stands there twice, with
# different numbers, somebody has to say what that means. The library does not guess; the description may: `"sum"`
# for two halves of the same week, `"mean"` for two measurements of it.

# %%
panel_csv, panel_toml, _ = save(simulate("panel", weeks=60, seed=1), FOLDER / "panel.csv")
table = pd.read_csv(panel_csv)
again = table[table["region"] == "region_c"].assign(revenue=lambda rows: rows["revenue"] * 0.1)
pd.concat([table, again]).to_csv(panel_csv, index=False)

try:
    mmm.load_data(panel_toml)
except mmm.InputError as problem:
    print(fill(str(problem)))

# %%
panel_toml.write_text('duplicates = "sum"\n' + panel_toml.read_text())
print(*map(fill, mmm.load_data(panel_toml).notes), sep="\n")

# %% [markdown]
# ## What is accepted, and warned of
#
# These are no errors: such tables are real. But each puts a limit on what can be learnt, and it is better to
# know it before a fit than after.
#
# ### Weeks at a floor
#
# Where the smallest value of the outcome is one and the same number in many weeks, it is a floor (a minimum
# that is booked, a default), and no bell curve holds it.

# %%
_, floored, _ = save(simulate("floored", seed=3), FOLDER / "floored.csv")
described, _, _ = floored.read_text().partition("floor =")  # as somebody who does not know of it
floored.write_text(described)
print(*map(fill, mmm.profile(mmm.load_data(floored)).warnings), sep="\n\n")

# %% [markdown]
# ### Channels that move together
#
# A copy of the table, in which TikTok's budget is set by Facebook's. No model can tell two channels apart
# that never ran one without the other; their *sum* may still be well known.

# %%
rng = np.random.default_rng(1)
together = good.assign(
    tiktok_spend=(0.4 * good["facebook_spend"] * rng.normal(1, 0.05, len(good))).round(2)
)
together.to_csv(csv, index=False)
found = mmm.profile(mmm.load_data(toml))
print(*map(fill, found.warnings), sep="\n\n")
found.correlation.loc["facebook":"tv", "facebook":"tv"].round(2)

# %% [markdown]
# ### Spend and what it bought
#
# A channel may be driven by impressions and paid in money. If the two are exactly proportional, impressions say
# nothing that money does not; if they are not, the price of exposure moved, and return and response part ways.

# %%
rng = np.random.default_rng(2)
bought = good.assign(
    facebook_views=(good["facebook_spend"] / 0.008).round(),
    tv_views=(good["tv_spend"] / 0.02 * rng.lognormal(0, 0.3, len(good))).round(),
)
bought.to_csv(csv, index=False)
described = toml.read_text()
for channel in ("facebook", "tv"):
    paid = f'spend = "{channel}_spend"'
    described = described.replace(paid, f'{paid}\nexposure = "{channel}_views"')
toml.write_text(described)
print(*mmm.profile(mmm.load_data(toml)).notes, sep="\n")

# %% [markdown]
# ### Channels that are never off
#
# In most businesses paid search runs every week. Then no week says what revenue is without it, and its total effect
# is an extrapolation along the assumed curve. Its *marginal* return is the better supported number.

# %%
print(*map(fill, mmm.profile(mmm.load_data("../data/mediated.toml")).warnings), sep="\n\n")

# %% [markdown]
# ## What was found, and what it rests on
#
# * A table with a week twice, a week missing, an empty cell, a negative spend, a renamed column or a word among its
#   numbers is refused in one sentence that names the rows. A duplicate in a panel is settled only by a rule that the
#   description states, and the rule's effect is told.
# * Floors, channels that move together, proportional exposure, channels never off and short tables are accepted
#   and named. They limit what *any* model can learn from the table.
# * This rests on simple rules over single columns and pairs of them: same-week correlation, variance inflation,
#   exact repeats. They can't see a cause that is not in the table. A table without warnings may still be
#   confounded: that question comes after the fit (`mmm-bayes sensitivity`).
