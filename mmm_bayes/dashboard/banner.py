"""What stands on every page: what the numbers are worth, and what they rest on."""

from __future__ import annotations

import streamlit as st

from mmm_bayes.dashboard.showing import listing, plain
from mmm_bayes.report.assumptions import assumptions
from mmm_bayes.report.run import View
from mmm_bayes.report.verdict import judged

HEADS = {
    "pass": "PASS",
    "warn": "WARNING",
    "fail": "FAIL: these numbers must not be used",
}
OPEN = 3


def banner(run: View) -> None:
    """Show the verdict with the checks behind it, and the assumptions."""
    found = judged(run)
    box = {"pass": st.success, "warn": st.warning, "fail": st.error}[found.verdict]
    box(f"**{HEADS[found.verdict]}.** {plain(found.sentence)}")
    said = [*found.reasons, *(says for says in found.notes if says not in found.reasons)]
    listing(said[:OPEN])
    if len(said) > OPEN:
        with st.expander(f"{len(said) - OPEN} more"):
            listing(said[OPEN:])
    with st.expander("Assumptions"):
        st.write("The intervals hold if these do. No check on the table itself can prove them.")
        st.markdown(
            "\n".join(f"- **{plain(claim)}** {plain(why)}" for claim, why in assumptions(run))
        )
