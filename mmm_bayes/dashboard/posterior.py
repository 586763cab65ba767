"""The parameters, whether the chains agree on them, and what every check found."""

from __future__ import annotations

import pandas as pd
import streamlit as st
import xarray as xr

from mmm_bayes.dashboard.opening import Opened
from mmm_bayes.dashboard.showing import download, draw, grid, plain
from mmm_bayes.plots import convergence
from mmm_bayes.plots.density import density
from mmm_bayes.plots.prior_posterior import MEANINGS
from mmm_bayes.plots.style import figure
from mmm_bayes.report import tables
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.report.tables import Table, table
from mmm_bayes.report.verdict import STATUS, judged
from mmm_bayes.report.words import number


def scalar(draws: xr.Dataset, variable: str, where: str) -> xr.DataArray | None:
    """Draws of one parameter by the labels of its row in the table; None if they were not saved.

    Parameters
    ----------
    draws : xarray.Dataset
    variable, where : str
        As `convergence.parameters` names them.

    Returns
    -------
    xarray.DataArray, dims (chain, draw)
    """
    if variable not in draws:
        return None
    values = draws[variable].transpose("chain", "draw", ...)
    each = values.values.reshape(*values.shape[:2], -1)
    labels = convergence.labels(values)
    if where not in labels:
        return None
    return xr.DataArray(each[..., labels.index(where)], dims=("chain", "draw"), name=variable)


def picture(run: View, variable: str, where: str) -> Picture:
    """One parameter: its density over its prior's, and the ranks of its chains.

    Parameters
    ----------
    run : View
    variable : str
        Of the posterior.
    where : str
        Which of its values.
    """
    one = scalar(run.group("posterior"), variable, where)
    assert one is not None
    before = scalar(run.group("prior"), variable, where)
    name = f"{variable} [{where}]" if where else variable
    made, axes = figure(1, 2, width=8, height=2.8, left=0.2, across=0.5, top=0.55)
    density(axes[0, 0], one, before, name=name)
    convergence.ranks(axes[0, 1], one, title="do the chains agree?")
    meaning = f"{name}: {MEANINGS[variable]}. " if variable in MEANINGS else ""
    return Picture(
        "parameter",
        f"Density of {name}, and ranks of its chains.",
        f"{meaning}Left: its posterior"
        + (" over its prior, cut where 95% of the prior ends" if before is not None else "")
        + ". Right: each chain's ranks among all draws; level where the chains agree.",
        made,
    )


def checks_table(checks: list[dict[str, object]]) -> Table:
    """Every check with its result and what it says.

    Parameters
    ----------
    checks : list of dict
        As ``diagnostics.json`` has them.
    """
    return table(
        ("check", "result", "value", "limit", "what it says"),
        [
            [
                str(check["name"]),
                STATUS.get(str(check["status"]), str(check["status"])),
                _value(check.get("value")),
                _value(check.get("threshold")),
                str(check["says"]),
            ]
            for check in checks
        ],
    )


def _value(value: object) -> str:
    return number(float(value)) if isinstance(value, int | float) else "–"


def page(opened: Opened) -> None:
    """Show the checks, and any parameter that the reader chooses."""
    run = opened.view
    found = judged(run)
    st.subheader("Checks")
    for title, checks in found.checks:
        st.markdown(f"**{plain(title)}**")
        grid(checks_table(checks))
    download(pd.DataFrame(run.diagnostics.get("checks", [])), "checks.csv")
    scores = tables.scores(run)
    if scores is not None:
        st.markdown("**How well it predicts**")
        grid(scores)
    st.subheader("Parameters")
    _parameter(run)
    st.write("R-hat is wanted below 1.01, effective sample sizes (ESS) above 400; worst first.")
    st.dataframe(run.converged, hide_index=True, width="stretch")
    download(run.converged, "parameters.csv")
    st.subheader("Priors")
    grid(tables.priors(run))


@st.fragment
def _parameter(run: View) -> None:
    names = list(dict.fromkeys(run.converged["variable"]))
    first = names.index("beta") if "beta" in names else 0
    left, right = st.columns(2)
    variable = str(left.selectbox("Parameter", names, index=first))
    mine = run.converged[run.converged["variable"] == variable]
    order = convergence.labels(run.group("posterior")[variable].transpose("chain", "draw", ...))
    places = [label for label in order if label in set(mine["where"])]
    where = str(right.selectbox("Of", places)) if places != [""] else ""
    draw(lambda: picture(run, variable, where))
