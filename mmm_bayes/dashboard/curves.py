"""The page of the response curves: what a channel's spend adds, at any spend."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from mmm_bayes.dashboard.answers import SpendEffect, spend_effect
from mmm_bayes.dashboard.display import (
    escape_markdown,
    round_step,
    show_download,
    show_estimate,
    show_picture,
    step_format,
)
from mmm_bayes.dashboard.runs import OpenRun
from mmm_bayes.model.counterfactual import Counterfactual
from mmm_bayes.plots.curves import response_curves
from mmm_bayes.plots.style import INK, figure, legend
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.text import MISSING, number

STEPS = 200


def curve_table(run: View) -> pd.DataFrame:
    """Saved response curve of every channel.

    Returns
    -------
    pandas.DataFrame
        channel, effect (total or direct), amount (money a week), beyond_observed, and the
        statistics of the outcome added per week.
    """
    tables = []
    for channel in run.channels:
        curve = run.effects("response").sel(channel=channel)
        for effect in ("total", "direct"):
            table: Any = curve[effect].transpose("point", "statistic").to_pandas()
            table.insert(0, "amount", curve["spend"].values)
            table.insert(1, "beyond_observed", curve["spend"].values > float(curve["observed_max"]))
            table.insert(0, "effect", effect)
            table.insert(0, "channel", channel)
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def curve_picture(
    run: View, channel: str, spend: float | None = None, effect: SpendEffect | None = None
) -> Picture:
    """Response curve of one channel, with the effect of a chosen spend.

    Parameters
    ----------
    spend : float, optional
        The spend chosen, money a week.
    effect : SpendEffect, optional
        Its effect.
    """
    drawing, axes = figure(width=5.5, height=3.3)
    ax = axes[0, 0]
    curves = run.effects("response").sel(channel=[channel])
    response_curves([ax], curves, causes=run.causes, all_channels=run.channels, name=run.outcome)
    if spend is not None and effect is not None:
        total = effect.total
        ax.plot([spend, spend], [total.lower, total.upper], color=INK, linewidth=2, zorder=5)
        ax.plot(spend, total.mean, marker="o", color=INK, markersize=7, zorder=6, label="chosen")
    legend(ax)
    return Picture(
        "response",
        f"{run.outcome} added per week over the weekly spend on {channel}.",
        f"What a constant weekly spend on {channel} adds to {run.outcome} per week, once carryover "
        "has built up, all other channels at their means: mean and 90% band. Dotted line: the mean "
        "week with spend. Grey ground: beyond the highest week observed, where the curve rests on "
        "the model's form, not on data."
        + (f" Dashed: without the part through {run.mediator}." if channel in run.causes else ""),
        drawing,
    )


@st.cache_data(show_spinner="Computing what it adds", max_entries=500)
def _spend_effect(key: str, channel: str, spend: float, _fitted: Counterfactual) -> SpendEffect:
    return spend_effect(_fitted, channel, spend)


@st.fragment
def _show_chosen(opened: OpenRun, channel: str) -> None:
    run, fitted = opened.view, opened.fitted
    assert fitted is not None
    curve = run.effects("response").sel(channel=channel)
    highest, most = float(curve["observed_max"]), float(curve["spend"].max())
    measure = "spend" if run.has_spend(channel) else run.exposure_name(channel)
    spend = st.slider(
        escape_markdown(f"Weekly {measure} on {channel}"),
        0.0,
        most,
        float(curve["observed_mean"]),
        step=round_step(most / STEPS),
        format=step_format(most / STEPS),
        key=f"curve {channel}",
    )
    effect = _spend_effect(opened.key, channel, spend, fitted)
    left, right = st.columns(2)
    with left:
        show_estimate(f"{run.outcome} added per week", effect.total)
    with right:
        if effect.marginal is None:
            st.metric("Marginal return", MISSING)
        else:
            name = "Marginal ROAS" if run.has_spend(channel) else f"{run.outcome} per unit more"
            show_estimate(name, effect.marginal)
    if spend > highest:
        st.warning(
            escape_markdown(
                f"The highest week observed had {number(highest)}: here the curve rests on the "
                "model's form, not on data."
            )
        )
    show_picture(lambda: curve_picture(run, channel, spend, effect))


def show_page(opened: OpenRun) -> None:
    """Show the response curve of a channel that the reader chooses."""
    run = opened.view
    most = run.effects("response")["spend"].max("point")
    active = [name for name in run.channels if float(most.sel(channel=name)) > 0]
    channel = str(st.selectbox("Channel", active))
    if opened.fitted is None:
        st.info(opened.limitation)
        show_picture(lambda: curve_picture(run, channel))
    else:
        _show_chosen(opened, channel)
    show_download(curve_table(run), "response_curves.csv")
