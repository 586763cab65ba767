"""The page of the parameters: checks, convergence, densities and priors."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st
import xarray as xr

from mmm_bayes.dashboard.display import (
    escape_markdown,
    show_download,
    show_picture,
    show_table,
)
from mmm_bayes.dashboard.runs import OpenRun
from mmm_bayes.diagnostics.parameters import scalar_draws
from mmm_bayes.estimands.intervals import summary_of
from mmm_bayes.plots.convergence import rank_histogram
from mmm_bayes.plots.priors import MEANINGS, parameter_density
from mmm_bayes.plots.style import figure
from mmm_bayes.report import tables
from mmm_bayes.report.cells import Cell, Row, Table, make_table, number_cell
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.report.verdict import STATUS, read_verdict


def parameter_draws(draws: xr.Dataset, variable: str, where: str) -> xr.DataArray | None:
    """Draws of one scalar parameter; None if they were not saved.

    Parameters
    ----------
    draws : xarray.Dataset, dims (chain, draw, ...)
    variable, where : str
        As in the table of the parameters.

    Returns
    -------
    xarray.DataArray, dims (chain, draw)
    """
    if variable not in draws:
        return None
    scalars = scalar_draws(draws[variable])
    return scalars.sel(where=where, drop=True) if where in scalars["where"].values else None


def parameter_picture(run: View, variable: str, where: str) -> Picture:
    """Density of one parameter over its prior's, and ranks of its chains.

    Parameters
    ----------
    variable, where : str
        As in the table of the parameters.
    """
    posterior = parameter_draws(run.group("posterior"), variable, where)
    assert posterior is not None
    prior = parameter_draws(run.group("prior"), variable, where)
    name = f"{variable} [{where}]" if where else variable
    drawing, axes = figure(1, 2, width=8, height=2.8, left=0.2, across=0.5, top=0.55)
    parameter_density(axes[0, 0], posterior, prior, summary=summary_of(posterior.values), name=name)
    rank_histogram(axes[0, 1], posterior, title="do the chains agree?")
    meaning = f"{name}: {MEANINGS[variable]}. " if variable in MEANINGS else ""
    return Picture(
        "parameter",
        f"Density of {name}, and ranks of its chains.",
        f"{meaning}Left: its posterior"
        + (" over its prior, cut where 95% of the prior ends" if prior is not None else "")
        + ". Right: each chain's ranks among all draws; level where the chains agree.",
        drawing,
    )


def checks_table(checks: list[dict[str, Any]]) -> Table:
    """Every check with its result and its sentence.

    Parameters
    ----------
    checks : list of dict
        Checks as in ``diagnostics.json``.
    """
    rows: list[Row] = [
        [
            str(check["name"]),
            STATUS.get(str(check["status"]), str(check["status"])),
            _number(check.get("value")),
            _number(check.get("threshold")),
            str(check["message"]),
        ]
        for check in checks
    ]
    return make_table(("check", "result", "value", "limit", "meaning"), rows)


def _number(value: object) -> Cell:
    return number_cell(float(value) if isinstance(value, int | float) else None)


def show_page(opened: OpenRun) -> None:
    """Show the checks, and any parameter that the reader chooses."""
    run = opened.view
    st.subheader("Checks")
    for title, checks in read_verdict(run).checks:
        st.markdown(f"**{escape_markdown(title)}**")
        show_table(checks_table(checks))
    show_download(pd.DataFrame(run.diagnostics.get("checks", [])), "checks.csv")
    scores = tables.scores(run)
    if scores is not None:
        st.markdown("**How well it predicts**")
        show_table(scores)
    st.subheader("Parameters")
    _show_parameter(run)
    st.write(
        "R-hat should be below 1.01, effective sample sizes (ESS) above 400; largest R-hat first."
    )
    st.dataframe(run.parameters, hide_index=True, width="stretch")
    show_download(run.parameters, "parameters.csv")
    st.subheader("Priors")
    show_table(tables.priors(run))


@st.fragment
def _show_parameter(run: View) -> None:
    names = list(dict.fromkeys(run.parameters["variable"]))
    first = names.index("beta") if "beta" in names else 0
    left, right = st.columns(2)
    variable = str(left.selectbox("Parameter", names, index=first))
    varying = set(run.parameters.loc[run.parameters["variable"] == variable, "where"])
    labels = map(str, scalar_draws(run.group("posterior")[variable])["where"].values)
    places = [label for label in labels if label in varying]
    where = str(right.selectbox("Element", places)) if places != [""] else ""
    show_picture(lambda: parameter_picture(run, variable, where))
