"""What a channel's spend brings, at any spend."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from mmm_bayes.arithmetic import Arithmetic
from mmm_bayes.dashboard.asking import Spent, at_spend
from mmm_bayes.dashboard.opening import Opened
from mmm_bayes.dashboard.showing import amount, digits, download, draw, nice, plain
from mmm_bayes.plots import response
from mmm_bayes.plots.style import INK, figure, legend
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.report.words import number

STEPS = 200


def curve_table(run: View) -> pd.DataFrame:
    """Every channel's saved curve: what a constant weekly amount adds per week."""
    rows = []
    for channel in run.channels:
        one = run.effect("response").sel(channel=channel)
        for part in ("total", "direct"):
            told: Any = one[part].transpose("point", "statistic").to_pandas()
            told.insert(0, "amount", one["spend"].values)
            told.insert(1, "beyond_observed", one["spend"].values > float(one["observed_max"]))
            told.insert(0, "effect", part)
            told.insert(0, "channel", channel)
            rows.append(told)
    return pd.concat(rows, ignore_index=True)


def picture(
    run: View, channel: str, at: float | None = None, spent: Spent | None = None
) -> Picture:
    """One channel's curve, with what a chosen amount adds.

    Parameters
    ----------
    run : View
    channel : str
    at : float, optional
        The amount chosen, money a week.
    spent : Spent, optional
        What it adds.
    """
    made, axes = figure(width=5.5, height=3.3)
    ax = axes[0, 0]
    curves = run.effect("response").sel(channel=[channel])
    response.response_curves([ax], curves, causes=run.causes, among=run.channels, name=run.outcome)
    if at is not None and spent is not None:
        total = spent.total
        ax.plot([at, at], [total.lower, total.upper], color=INK, linewidth=2, zorder=5)
        ax.plot(at, total.mean, marker="o", color=INK, markersize=7, zorder=6, label="chosen")
    legend(ax)
    return Picture(
        "response",
        f"{run.outcome} added per week over the weekly spend on {channel}.",
        f"What a constant weekly amount of {channel} adds to {run.outcome} per week, once "
        "carryover has built up, all other channels at their means: mean and 90% band. Dotted "
        "line: the mean week with any. Grey ground: beyond the highest week observed, where only "
        "the model's form speaks."
        + (f" Dashed: without the part through {run.mediator}." if channel in run.causes else ""),
        made,
    )  # fmt: skip


@st.cache_data(show_spinner="Computing what it adds", max_entries=500)
def _at_spend(key: str, channel: str, spend: float, _model: Arithmetic) -> Spent:
    return at_spend(_model, channel, spend)


@st.fragment
def _chosen(opened: Opened, channel: str) -> None:
    run, model = opened.view, opened.model
    assert model is not None
    one = run.effect("response").sel(channel=channel)
    highest = float(one["observed_max"])
    measure = run.measure(channel) if not run.paid(channel) else "spend"
    spend = st.slider(
        plain(f"Weekly {measure} on {channel}"),
        0.0, float(one["spend"].max()), float(one["observed_mean"]),
        step=nice(float(one["spend"].max()) / STEPS),
        format=digits(float(one["spend"].max()) / STEPS), key=f"curve {channel}",
    )  # fmt: skip
    spent = _at_spend(opened.key, channel, spend, model)
    left, right = st.columns(2)
    with left:
        amount(f"{run.outcome} added per week", spent.total)
    with right:
        if spent.marginal is None:
            st.metric("Marginal return", "–")
        else:
            name = "Marginal ROAS" if run.paid(channel) else f"{run.outcome} per unit more"
            amount(name, spent.marginal)
    if spend > highest:
        st.warning(
            plain(
                f"The highest week observed had {number(highest)}: here the model's form speaks, "
                "not the data."
            )
        )
    draw(lambda: picture(run, channel, spend, spent))


def page(opened: Opened) -> None:
    """Show the response of a channel that the reader chooses."""
    run = opened.view
    running = [
        name
        for name in run.channels
        if float(run.effect("response")["spend"].sel(channel=name).max()) > 0
    ]
    channel = str(st.selectbox("Channel", running))
    if opened.model is None:
        st.info(OWN_EQUATIONS)
        draw(lambda: picture(run, channel))
    else:
        _chosen(opened, channel)
    download(curve_table(run), "response_curves.csv")


OWN_EQUATIONS = (
    "This run's model has equations that this page does not know, so it can't compute what was not "
    "saved. What the run holds is shown; plans are made by `mmm-bayes optimize`."
)
