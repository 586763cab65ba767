"""The table that was fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from mmm_bayes.dashboard.opening import Opened
from mmm_bayes.dashboard.showing import download, draw, grid, listing, plain
from mmm_bayes.report import figures, tables
from mmm_bayes.report.run import View


def frame(run: View) -> pd.DataFrame:
    """The fitted rows under the names that their columns had, a row for each date and unit."""
    told = run.record["description"]
    given = run.group("constant_data")
    columns = {told["outcome"]: run.observed}
    for name, channel in told["channels"].items():
        for kind in ("spend", "exposure"):
            if channel.get(kind):
                columns[channel[kind]] = given[kind].sel(channel=name, drop=True)
    for name, control in told["controls"].items():
        columns[control["column"]] = given["controls"].sel(control=name, drop=True)
    values = {
        column: array.transpose("time", "unit").values.ravel() for column, array in columns.items()
    }
    times, units = run.observed["time"].values, run.observed["unit"].values
    head = {told["date"]: np.datetime_as_string(np.repeat(times, len(units)), "D")}
    if told.get("unit"):
        head[told["unit"]] = np.tile(units.astype(str), len(times))
    return pd.DataFrame({**head, **values})


def page(opened: Opened) -> None:
    """Show the table, its span, units and channels."""
    run = opened.view
    st.write(plain(tables.span(run)))
    units = [str(name) for name in run.observed["unit"].values]
    if len(units) > 1:
        st.write(plain(f"Units: {', '.join(units)}."))
    grid(tables.data(run))
    listing(run.record.get("profile_notes", []))
    draw(lambda: figures.data(run))
    rows = frame(run)
    st.dataframe(rows, hide_index=True, width="stretch")
    download(rows, "data.csv")
