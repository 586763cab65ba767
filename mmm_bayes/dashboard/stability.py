"""Whether the effects are the same all the time, if a rolling job tells."""

from __future__ import annotations

import shlex

import streamlit as st

from mmm_bayes.dashboard.opening import Opened, same_table
from mmm_bayes.dashboard.showing import download, draw_all, grid, listing, plain
from mmm_bayes.report.rolling import words
from mmm_bayes.report.rolling.figures import pictures
from mmm_bayes.report.rolling.tables import scores_table, stability_table
from mmm_bayes.report.run import View


def how_to(run: View) -> str:
    """The commands that make a rolling job of this run's table and show it here."""
    folder = f"{run.name}-rolling"
    table = f"{run.record['data_file'].rsplit('.', 1)[0]}.toml"
    return (
        f"mmm-bayes rolling {shlex.quote(str(run.record['model']))} {shlex.quote(table)} "
        f"--out {shlex.quote(folder)}\n"
        f"mmm-bayes dashboard {shlex.quote(str(run.run.folder))} --rolling {shlex.quote(folder)}"
    )


def page(opened: Opened) -> None:
    """Show the rolling job, or say how to make one."""
    rolled = opened.rolled
    if rolled is None:
        st.write(
            "No rolling job of this table was found beside the run. It refits the model over "
            "windows and says which effects stay the same and whether forecasts hold; give its "
            "folder by `--rolling`:"
        )
        st.code(how_to(opened.view), language="sh")
        return
    if not same_table(opened):
        st.warning("This rolling job was of another table than the run.")
    st.write(plain(f"{rolled.folder.resolve().name}: {words.span(rolled.record['fits'])}"))
    bad = [fit for fit in rolled.record["fits"] if fit["verdict"] != "pass"]
    if bad:
        st.warning(f"{len(bad)} of {len(rolled.record['fits'])} windows did not pass all checks of "
                   "their sampling:")  # fmt: skip
        listing(f"{one['window_start']} to {one['window_end']}: {one['says']}" for one in bad)
    st.write(plain(words.rule()))
    for name in rolled.channels:
        st.markdown(f"**{plain(name)}**")
        listing(words.sentences(rolled, name))
    draw_all(lambda: pictures(rolled))
    says = words.forecast_says(rolled)
    if says:
        st.write(plain(says))
        grid(scores_table(rolled))
    st.subheader("Numbers")
    grid(stability_table(rolled))
    for frame, name in (
        (rolled.rolling, "rolling.csv"),
        (rolled.stability, "stability.csv"),
        (rolled.forecast, "forecast.csv"),
    ):
        if not frame.empty:
            download(frame, name)
