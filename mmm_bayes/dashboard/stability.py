"""The page of a rolling job: whether effects are stable over time."""

from __future__ import annotations

import shlex

import streamlit as st

from mmm_bayes.dashboard.display import (
    escape_markdown,
    show_download,
    show_list,
    show_pictures,
    show_table,
)
from mmm_bayes.dashboard.runs import OpenRun, same_table
from mmm_bayes.report.rolling.figures import pictures
from mmm_bayes.report.rolling.sentences import (
    classes_sentence,
    forecast_sentence,
    stability_sentences,
    windows_sentence,
)
from mmm_bayes.report.rolling.tables import scores_table, stability_table
from mmm_bayes.report.run import View


def rolling_commands(run: View) -> str:
    """Commands that run a rolling job on this run's table and show it here."""
    folder = f"{run.name}-rolling"
    table = f"{run.record['data_file'].rsplit('.', 1)[0]}.toml"
    return (
        f"mmm-bayes rolling {shlex.quote(str(run.record['model']))} {shlex.quote(table)} "
        f"--out {shlex.quote(folder)}\n"
        f"mmm-bayes dashboard {shlex.quote(str(run.run.folder))} --rolling {shlex.quote(folder)}"
    )


def show_page(opened: OpenRun) -> None:
    """Show the rolling job, or how to run one."""
    results = opened.rolling
    if results is None:
        st.write(
            "No rolling job of this table was found beside the run. It refits the model over "
            "windows and shows which effects are stable and how well forecasts do; give its "
            "folder by `--rolling`:"
        )
        st.code(rolling_commands(opened.view), language="sh")
        return
    if not same_table(opened):
        st.warning("This rolling job used another table than the run.")
    fits = results.record["fits"]
    st.write(escape_markdown(f"{results.folder.resolve().name}: {windows_sentence(fits)}"))
    failures = [fit for fit in fits if fit["verdict"] != "pass"]
    if failures:
        st.warning(f"{len(failures)} of {len(fits)} windows did not pass all convergence checks:")
        show_list(
            f"{fit['window_start']} to {fit['window_end']}: {fit['message']}" for fit in failures
        )
    st.write(escape_markdown(classes_sentence()))
    for name in results.channels:
        st.markdown(f"**{escape_markdown(name)}**")
        show_list(stability_sentences(results, name))
    show_pictures(lambda: pictures(results))
    sentence = forecast_sentence(results)
    if sentence:
        st.write(escape_markdown(sentence))
        show_table(scores_table(results))
    st.subheader("Numbers")
    show_table(stability_table(results))
    for frame, name in (
        (results.rolling, "rolling.csv"),
        (results.stability, "stability.csv"),
        (results.forecast, "forecast.csv"),
    ):
        if not frame.empty:
            show_download(frame, name)
