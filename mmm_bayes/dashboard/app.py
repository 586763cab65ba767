"""The script that Streamlit runs for every reader and every change: ``app.py RUN [ROLLING]``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from mmm_bayes.dashboard import budget, curves, data, effects, posterior, stability
from mmm_bayes.dashboard.banner import banner
from mmm_bayes.dashboard.opening import Opened, fingerprint, open_run
from mmm_bayes.dashboard.showing import SCROLL, plain
from mmm_bayes.errors import InputError

PAGES: dict[str, Callable[[Opened], None]] = {
    "Data": data.page,
    "Effects": effects.page,
    "Response curves": curves.page,
    "Budget": budget.page,
    "Posterior and checks": posterior.page,
    "Rolling stability": stability.page,
}
FIRST = "Effects"


@st.cache_resource(show_spinner="Reading the run", max_entries=4)
def _open(key: str, folder: Path, rolling: Path | None) -> Opened:
    return open_run(folder, rolling)


def main(folder: Path, rolling: Path | None = None) -> None:
    """Draw the page that the reader has chosen."""
    st.set_page_config(page_title=folder.name, layout="centered")
    try:
        # A folder that was written anew is another run, to every cache.
        places = [folder] if rolling is None else [folder, rolling]
        opened = _open(fingerprint(*places), folder, rolling)
    except InputError as problem:
        st.error(plain(str(problem)))
        st.stop()
    # Streamlit forgets a control that is not on the screen; the sliders' spends stay.
    for name in [key for key in st.session_state if str(key).startswith("spend ")]:
        st.session_state[name] = st.session_state[name]
    st.html(SCROLL)
    run = opened.view
    st.title(plain(run.name))
    st.caption(plain(f"{run.record['model']} of {run.record['data_file']}, {run.outcome} by week"))
    banner(run)
    wanted = st.query_params.get("page", FIRST)
    chosen = st.segmented_control(
        "Page",
        list(PAGES),
        default=wanted if wanted in PAGES else FIRST,
        label_visibility="collapsed",
        key="page",
    )
    st.query_params["page"] = chosen or FIRST
    st.header(chosen or FIRST)
    PAGES[chosen or FIRST](opened)


main(*(Path(argument) for argument in sys.argv[1:]))
