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
# # 6. Bring your own table
#
# **How does one get from a CSV file to a report one can stand by?** Every step, with a table of a shop that stands
# here for yours, and with a first fit that fails its checks, because that is what first fits do.

# %%
from pathlib import Path
from textwrap import fill

import mmm_bayes as mmm

FOLDER = Path(".runs/shop")
FOLDER.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## 1. The table
#
# One row a week, no gaps; money in one currency; zero where nothing was spent. The names of the columns are yours. (The
# shop is simulated: at the end the truth is looked up.)

# %%
from mmm_bayes.studies.simulate import simulate

market = simulate("multiplicative", seed=6)
yours = market.table.rename(
    columns={
        "week": "Week starting",
        "revenue": "Sales EUR",
        "google_spend": "Google Ads",
        "facebook_spend": "Meta feed",
        "instagram_spend": "Meta stories",
        "tiktok_spend": "TikTok",
        "tv_spend": "TV",
        "price": "Average price",
        "promotion": "On offer",
    }
)
yours.to_csv(FOLDER / "sales.csv", index=False)
yours.head()

# %% [markdown]
# ## 2. The description
#
# A TOML file beside the table says what the columns are; [docs/describing-a-table.md](../docs/describing-a-table.md) has
# every key. Three choices are yours and no data make them:
#
# * **the mediator and its causes**: through which channel others act. Paid search, if people see an advertisement and then
#   search for the shop. Leave `[mediators.search]` out if there is no such channel.
# * **controls**: what else moves sales and is not moved by advertising. Price and offers, yes; visits to the website, no:
#   they are a consequence.
# * **the calendar**: how many seasonal waves a year, and what trend.

# %%
(FOLDER / "sales.toml").write_text("""
file    = "sales.csv"
date    = "Week starting"
outcome = "Sales EUR"

[channels.feed]
spend = "Meta feed"
role  = "social"

[channels.stories]
spend = "Meta stories"
role  = "social"

[channels.tiktok]
spend = "TikTok"
role  = "social"

[channels.search]
spend = "Google Ads"
role  = "search"

[channels.tv]
spend = "TV"
role  = "offline"

[mediators.search]
causes = ["feed", "stories", "tiktok"]

[controls.price]
column    = "Average price"
transform = "log"

[controls.offer]
column = "On offer"

[calendar]
fourier = 2
trend   = "linear"
""")
data = mmm.load_data(FOLDER / "sales.toml")
data

# %% [markdown]
# ## 3. Look before you fit
#
# `mmm-bayes check sales.toml` on the command line. Read the warnings: each is a limit of what can be learnt.

# %%
mmm.show(mmm.profile(data))

# %%
mmm.prior_check("partial_mediation", FOLDER / "sales.toml")

# %% [markdown]
# ## 4. A first fit, and its verdict
#
# `mmm-bayes fit partial_mediation sales.toml`. By default effects add up, and noise is normal.

# %%
first = mmm.fit(
    "partial_mediation", FOLDER / "sales.toml", FOLDER / "first", draws=500, tune=500, say=None
)
print(first.diagnostics["verdict"].upper(), *map(fill, first.diagnostics["reasons"]), sep="\n\n")

# %% [markdown]
# *Fail* means: do not use these numbers. The reasons say what kind of tables this model can't make, and what to try. The
# shop's high season is several times its low one, and so are its misses: things multiply here.

# %%
pictures = mmm.pictures(first)
pictures["fit"]

# %% [markdown]
# ## 5. A second fit
#
# With a log link effects, seasons and noise multiply. On the command line: `--link log`; or, so that it stays with the
# table, `link = "log"` under `[model]` in the description. One thing is changed at a time, and the first run is kept.

# %%
second = mmm.fit(
    "partial_mediation", FOLDER / "sales.toml", FOLDER / "second", link="log", say=None
)
print(second.diagnostics["verdict"].upper(), *map(fill, second.diagnostics["reasons"]), sep="\n\n")

# %%
pictures = mmm.pictures(second)
pictures["fit"]

# %% [markdown]
# What is left are properties of the table, not of the model: channels that are never off, few weeks. They stay with the
# answer. Weeks that the model had not seen:

# %%
pictures["holdout"]

# %% [markdown]
# ## 6. The answer, and the report
#
# The table of estimands is what one takes away: total, direct and indirect effect, share, average and marginal return of
# every channel, each with a 90% interval.

# %%
shares = second.estimands.query("estimand == 'contribution_share'").set_index("channel")
(100 * shares[["mean", "lower", "upper"]]).round(1).rename_axis("% of sales")

# %%
pictures["effects"]

# %% [markdown]
# `render` (or `mmm-bayes report RUN`) writes one HTML file that needs nothing else, for people who never run anything:
# the verdict on top, every figure, every check, the equations and the priors.

# %%
from mmm_bayes.report import render

print(render(second.folder))

# %% [markdown]
# ## 7. Was it true?
#
# Yours is the one table for which nobody can look this up. This shop is simulated, so here it is; `fails` is the fit
# that should not have been used.

# %%
import json

from mmm_bayes.studies.simulate import compare_with_truth

truth = FOLDER / "truth.json"
names = {"facebook": "feed", "instagram": "stories", "google": "search"}
effects = [
    row | {"channel": names.get(row["channel"], row["channel"])} for row in market.truth["effects"]
]
truth.write_text(json.dumps({"effects": effects}))
for name, run in {"fails": first, "passes": second}.items():
    known = compare_with_truth(run.estimands, truth).dropna().query("estimand != 'direct'")
    width = 100 * (known["upper"] - known["lower"]).mean() / market.table["revenue"].sum()
    print(
        f"{name}: {known['inside'].sum()} of {len(known)} true totals and indirect effects inside;"
    )
    print(f"    the mean interval is {width:.0f}% of sales wide")
known.drop(columns="unit").round(-3).set_index(["channel", "estimand"])

# %% [markdown]
# ## What was found, and what it rests on
#
# * From a CSV file to a report: a description of forty lines, one fit that failed its checks and said why, one that
#   followed the advice. A model that fails may still hold the truth, as it did here; nobody could have known.
# * The intervals are wide, and four of the five totals come out well above the truth, though inside: with four rows for
#   each parameter the priors pull. The report says so ("the priors will influence the estimates"), and an interval that is wide
#   is an answer: *this table can't say more*. An experiment can.
# * Passing checks means that the model makes tables like this one. It does not mean that the causes are right: that rests
#   on the three choices of step 2, which no check can make. Ask `mmm-bayes sensitivity` how much an unseen cause
#   of search and sales would change, and `--placebo` whether the model finds effects that never were.
# * Next: [4](4-comparing-models.ipynb) compares models and windows, [5](5-decisions.ipynb) decides what to spend.
