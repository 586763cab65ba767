"""The page of the data: the table that was fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from mmm_bayes.dashboard.display import (
    escape_markdown,
    show_download,
    show_list,
    show_picture,
    show_table,
)
from mmm_bayes.dashboard.runs import OpenRun
from mmm_bayes.report import figures, tables
from mmm_bayes.report.run import View


def fitted_table(run: View) -> pd.DataFrame:
    """The fitted weeks with the columns of the original table, a row for each date and unit."""
    description = run.record["description"]
    constant = run.group("constant_data")
    columns = {description["outcome"]: run.observed}
    for name, channel in description["channels"].items():
        for kind in ("spend", "exposure", "designed"):
            if channel.get(kind):
                columns[channel[kind]] = constant[kind].sel(channel=name, drop=True)
        for shifter in channel.get("shifters", []):
            columns[shifter] = constant["shifters"].sel(shifter=shifter, drop=True)
    for name, control in description["controls"].items():
        columns[control["column"]] = constant["controls"].sel(control=name, drop=True)
    values = {
        column: array.transpose("time", "unit").values.ravel() for column, array in columns.items()
    }
    times, units = run.observed["time"].values, run.observed["unit"].values
    keys = {description["date"]: np.datetime_as_string(np.repeat(times, len(units)), "D")}
    if description.get("unit"):
        keys[description["unit"]] = np.tile(units.astype(str), len(times))
    return pd.DataFrame({**keys, **values})


def show_page(opened: OpenRun) -> None:
    """Show the table, its weeks, units and channels."""
    run = opened.view
    st.write(escape_markdown(tables.data_sentence(run)))
    units = [str(name) for name in run.observed["unit"].values]
    if len(units) > 1:
        st.write(escape_markdown(f"Units: {', '.join(units)}."))
    show_table(tables.data(run))
    show_list(run.record.get("profile_notes", []))
    show_picture(lambda: figures.data(run))
    rows = fitted_table(run)
    st.dataframe(rows, hide_index=True, width="stretch")
    show_download(rows, "data.csv")
