"""The script that Streamlit runs: ``app.py RUN ROLLING MODEL``, with "" for what is not given."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from mmm_bayes.dashboard import budget, curves, data, effects, posterior, stability
from mmm_bayes.dashboard.display import SCROLL, escape_markdown, show_list, use_words
from mmm_bayes.dashboard.runs import OpenRun, fingerprint, open_run
from mmm_bayes.errors import InputError
from mmm_bayes.report.assumptions import list_assumptions
from mmm_bayes.report.run import View
from mmm_bayes.report.verdict import read_verdict

PAGES: dict[str, Callable[[OpenRun], None]] = {
    "Data": data.show_page,
    "Effects": effects.show_page,
    "Response curves": curves.show_page,
    "Budget": budget.show_page,
    "Posterior and checks": posterior.show_page,
    "Rolling stability": stability.show_page,
}
FIRST = "Effects"
VERDICTS = {
    "pass": "PASS",
    "warn": "WARNING",
    "fail": "FAIL: these numbers must not be used",
}
#: Sentences of the checks that are shown at once; the others are folded.
UNFOLDED = 3


@st.cache_resource(show_spinner="Reading the run", max_entries=4)
def _open(key: str, folder: Path, rolling: Path | None, model: Path | None) -> OpenRun:
    return open_run(folder, rolling, model)


def show_banner(run: View) -> None:
    """Show the verdict with the checks behind it, and the assumptions."""
    verdict = read_verdict(run)
    box = {"pass": st.success, "warn": st.warning, "fail": st.error}[verdict.verdict]
    box(f"**{VERDICTS[verdict.verdict]}.** {escape_markdown(verdict.sentence)}")
    messages = list(dict.fromkeys([*verdict.reasons, *verdict.notes]))
    show_list(messages[:UNFOLDED])
    if len(messages) > UNFOLDED:
        with st.expander(f"{len(messages) - UNFOLDED} more"):
            show_list(messages[UNFOLDED:])
    with st.expander("Assumptions"):
        st.write(
            "The intervals are valid under these assumptions. No check of the table can prove them."
        )
        st.markdown(
            "\n".join(
                f"- **{escape_markdown(claim)}** {escape_markdown(consequence)}"
                for claim, consequence in list_assumptions(run)
            )
        )


def main(folder: Path, rolling: Path | None = None, model: Path | None = None) -> None:
    """Show the page that the reader has chosen.

    Parameters
    ----------
    folder, rolling : pathlib.Path
        Folders of the run, and of a rolling job on the same table.
    model : pathlib.Path, optional
        The model file, where it is not a member of the family.
    """
    st.set_page_config(page_title=folder.name, layout="centered")
    try:
        # A folder with other contents is another run, to every cache.
        folders = [folder] if rolling is None else [folder, rolling]
        opened = _open(fingerprint(*folders), folder, rolling, model)
    except InputError as error:
        st.error(escape_markdown(str(error)))
        st.stop()
    # Streamlit forgets a control that is not on the screen; the sliders' spends are kept.
    for name in [key for key in st.session_state if str(key).startswith("spend ")]:
        st.session_state[name] = st.session_state[name]
    st.html(SCROLL)
    run = opened.view
    use_words(run.words)
    st.title(escape_markdown(run.name))
    table = run.record["data_file"]
    st.caption(escape_markdown(f"{run.record['model']} of {table}, {run.outcome} by week"))
    show_banner(run)
    if opened.rolling_problem:
        st.caption(escape_markdown(f"Not shown, a rolling job: {opened.rolling_problem}"))
    requested = st.query_params.get("page", FIRST)
    page = st.segmented_control(
        "Page",
        list(PAGES),
        default=requested if requested in PAGES else FIRST,
        label_visibility="collapsed",
        key="page",
    )
    st.query_params["page"] = page or FIRST
    st.header(page or FIRST)
    try:
        PAGES[page or FIRST](opened)
    except InputError as error:  # a file that another command added to the folder is damaged
        st.error(escape_markdown(str(error)))


main(*(Path(argument) if argument else None for argument in sys.argv[1:]))  # type: ignore[arg-type]
