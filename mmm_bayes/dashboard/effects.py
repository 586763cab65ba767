"""The page of the effects: of every channel by path, and returns."""

from __future__ import annotations

import streamlit as st

from mmm_bayes.dashboard.display import (
    escape_markdown,
    show_download,
    show_list,
    show_picture,
    show_table,
)
from mmm_bayes.dashboard.runs import OpenRun
from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.report import figures, tables
from mmm_bayes.report.cells import Cell, Row, Table, estimate_cell, make_table
from mmm_bayes.report.run import View, row_summary
from mmm_bayes.report.sentences import channel_sentences
from mmm_bayes.report.tables import ALL_CHANNELS
from mmm_bayes.report.units import unit_findings, units_picture
from mmm_bayes.text import MISSING

#: Name of each column, factor of its numbers, and their unit.
COLUMNS = {
    "total": ("total", 1.0, ""),
    "direct": ("direct", 1.0, ""),
    "indirect": ("indirect", 1.0, ""),
    "contribution_share": ("share of {outcome}", 100.0, "%"),
    "roas": ("ROAS", 1.0, ""),
    "mroas": ("marginal ROAS", 1.0, ""),
}


def effects_table(run: View, unit: str = ALL_UNITS) -> Table:
    """Mean and 90% interval of every effect and return of each channel, in a unit or in all."""
    table = run.run.estimands
    rows = table[table["unit"].astype(str) == unit].set_index(["channel", "estimand"])

    def cell(channel: str, estimand: str) -> str | Cell:
        if (channel, estimand) not in rows.index:
            return MISSING if channel == ALL_MEDIA else "no spend"
        _, times, sign = COLUMNS[estimand]
        return estimate_cell(row_summary(rows.loc[(channel, estimand)]).times(times), unit=sign)

    head = [name.format(outcome=run.outcome) for name, _, _ in COLUMNS.values()]
    body: list[Row] = [
        [name, *(cell(name, estimand) for estimand in COLUMNS)] for name in run.channels
    ]
    if (ALL_MEDIA, "total") in rows.index:
        body.append([ALL_CHANNELS, *(cell(ALL_MEDIA, estimand) for estimand in COLUMNS)])
    return make_table(("channel", *head), body)


def show_page(opened: OpenRun) -> None:
    """Show the effects and returns of all channels."""
    run = opened.view
    units = list(dict.fromkeys(run.run.estimands["unit"].astype(str)))
    unit = ALL_UNITS
    if len(units) > 1:
        options = [ALL_UNITS, *(name for name in units if name != ALL_UNITS)]
        unit = str(st.selectbox("Unit", options))
    show_table(effects_table(run, unit))
    st.caption(
        escape_markdown(
            "Over all fitted weeks: posterior mean, and below it the 90% interval. ROAS is the "
            "average return of a unit of money, marginal ROAS the return of one per cent more "
            "money, per unit of it."
        )
    )
    show_download(run.run.estimands, "estimands.csv")
    show_picture(lambda: figures.effects(run))
    st.subheader("In words")
    for channel in tables.channel_summaries(run):
        st.markdown(f"**{escape_markdown(channel.name)}**")
        show_list(channel_sentences(channel))
    if run.observed.sizes["unit"] > 1:
        st.subheader("Unit by unit")
        findings = unit_findings(run)
        if findings is not None:
            st.write(
                "The units named here were selected for being extreme. "
                + escape_markdown(findings.title)
            )
            show_list(findings.sentences)
        show_picture(lambda: units_picture(run))
    st.subheader(escape_markdown("Week by week"))
    show_picture(lambda: figures.contributions(run))
