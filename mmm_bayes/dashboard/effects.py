"""What every channel did: effects by path, and returns."""

from __future__ import annotations

from typing import Any

import streamlit as st

from mmm_bayes.dashboard.opening import Opened
from mmm_bayes.dashboard.showing import download, draw, grid, listing, plain
from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.report import figures, tables
from mmm_bayes.report.run import View
from mmm_bayes.report.tables import Table, table
from mmm_bayes.report.units import units, units_say
from mmm_bayes.report.words import Summary, channel_sentences, spread

#: Each column's name, and what its numbers are multiplied with and called.
COLUMNS = {
    "total": ("total", 1.0, ""),
    "direct": ("direct", 1.0, ""),
    "indirect": ("indirect", 1.0, ""),
    "contribution_share": ("share of {outcome}", 100.0, "%"),
    "roas": ("ROAS", 1.0, ""),
    "mroas": ("marginal ROAS", 1.0, ""),
}


def effects_table(run: View, unit: str = WHOLE) -> Table:
    """Mean and 90% interval of every effect and return of each channel, in a unit or in all."""
    rows = run.run.estimands
    rows = rows[rows["unit"].astype(str) == unit].set_index(["channel", "estimand"])

    def cell(channel: str, estimand: str) -> str | tuple[str, ...]:
        if (channel, estimand) not in rows.index:
            return "no spend"
        one: Any = rows.loc[(channel, estimand)]
        _, times, sign = COLUMNS[estimand]
        told = Summary(float(one["mean"]), float(one["lower"]), float(one["upper"])).times(times)
        return tuple(filter(None, spread(told, unit=sign)))

    head = [name.format(outcome=run.outcome) for name, _, _ in COLUMNS.values()]
    return table(
        ("channel", *head),
        [[name, *(cell(name, estimand) for estimand in COLUMNS)] for name in run.channels],
    )


def page(opened: Opened) -> None:
    """Show the effects and returns of all channels."""
    run = opened.view
    names = list(dict.fromkeys(run.run.estimands["unit"].astype(str)))
    unit = WHOLE
    if len(names) > 1:
        unit = str(st.selectbox("Unit", [WHOLE, *(name for name in names if name != WHOLE)]))
    grid(effects_table(run, unit))
    st.caption(
        "Over all fitted weeks: posterior mean, and below it the 90% interval. ROAS is what a unit "
        "of money brought on average, marginal ROAS what one per cent more money would have "
        "brought, per unit of it."
    )
    download(run.run.estimands, "estimands.csv")
    draw(lambda: figures.effects(run))
    st.subheader("In words")
    for channel in tables.channels(run):
        st.markdown(f"**{channel.name}**")
        listing(channel_sentences(channel))
    if run.observed.sizes["unit"] > 1:
        st.subheader("Unit by unit")
        told = units_say(run)
        if told is not None:
            st.write("The extremes named here were picked for being extreme. " + plain(told.what))
            listing(told.says)
        draw(lambda: units(run))
    st.subheader("Week by week")
    draw(lambda: figures.contributions(run))
