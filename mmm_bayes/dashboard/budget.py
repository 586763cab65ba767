"""What another split of the money would bring."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from mmm_bayes.arithmetic import Arithmetic, Array
from mmm_bayes.dashboard.asking import Planned, planned, small_steps
from mmm_bayes.dashboard.curves import OWN_EQUATIONS
from mmm_bayes.dashboard.opening import Opened
from mmm_bayes.dashboard.showing import (
    amount,
    digits,
    download,
    draw,
    draw_all,
    grid,
    listing,
    nice,
    plain,
)
from mmm_bayes.decisions.answer import How
from mmm_bayes.decisions.job import PLAN
from mmm_bayes.decisions.limits import EXTRAPOLATION
from mmm_bayes.decisions.planning import HORIZON
from mmm_bayes.decisions.saved import Saved, saved
from mmm_bayes.errors import InputError
from mmm_bayes.plots import decisions as plots
from mmm_bayes.plots.style import figure
from mmm_bayes.report import decisions
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.report.tables import Table, table
from mmm_bayes.report.words import listed, number, with_interval

STEPS, LONGEST = 200, 104
HOWS: dict[How, str] = {"planner": "set here", "caused": "follows its causes"}


def spend_table(found: Planned) -> Table:
    """Today's and the planned spends, and how far the plan goes beyond what was observed."""
    rows: Any = found.table.itertuples()
    return table(
        ("channel", "today, a week", "here, a week", "change", "of the highest week observed"),
        [
            [
                str(row.channel),
                number(row.spend_now),
                number(row.spend_plan),
                _change(row.spend_now, row.spend_plan),
                f"{row.times_highest:.0%}" + (" (beyond)" if row.times_highest > 1 else ""),
            ]
            for row in rows
        ],
    )


def picture(found: Planned) -> Picture:
    """Today's and the planned spends."""
    made, axes = figure(width=5.5, height=1.2 + 0.42 * len(found.table))
    plots.spends(axes[0, 0], found.table)
    return Picture("spends", "Weekly spends.", "Weekly spend, today's and the one chosen.", made)


@st.cache_resource(show_spinner="Evaluating today's spends", max_entries=20)
def _answers(key: str, horizon: int, how: How, _model: Arithmetic) -> tuple[Saved, Array]:
    answers = saved(_model, horizon=horizon, how=how)
    return answers, answers.total(answers.today.spend)


@st.cache_data(show_spinner="Computing what it changes", max_entries=500)
def _planned(
    key: str, horizon: int, how: How, money: dict[str, float], _answers: Saved, _before: Array
) -> Planned:
    return planned(_answers, _before, money)


@st.cache_data(show_spinner="Looking for money that is better spent elsewhere", max_entries=20)
def _small_steps(
    key: str, horizon: int, how: How, _answers: Saved
) -> tuple[pd.DataFrame, list[dict[str, float]]]:
    return small_steps(_answers)


def _key(channel: str) -> str:
    return f"spend {channel}"


def _put(money: dict[str, float]) -> None:
    """Put spends on the sliders."""
    for channel, spend in money.items():
        st.session_state[_key(channel)] = spend


@st.fragment
def _chosen(opened: Opened) -> None:
    run, model = opened.view, opened.model
    assert model is not None
    design = model.design
    left, right = st.columns(2)
    horizon = int(left.number_input("Weeks of the plan", 1, LONGEST, HORIZON))
    how: How = "planner"
    if model.mediated:
        how = right.radio(
            plain(f"Spend on {design.mediator}"), list(HOWS), format_func=HOWS.get, horizontal=True
        )
    answers, before = _answers(opened.key, horizon, how, model)
    result = st.container()
    now, highest = answers.today.spend.sum(0), answers.today.highest.sum(0)
    money: dict[str, float] = {}
    names = [
        name
        for at, name in enumerate(design.dataset.channels)
        if answers.weeks.decided[:, at].any()
    ]
    for place, name in enumerate(names):
        if place % 2 == 0:  # rows of two, which a phone shows one below the other in their order
            columns = st.columns(2)
        at = design.dataset.channels.index(name)
        most = float(EXTRAPOLATION * highest[at])
        st.session_state.setdefault(_key(name), float(now[at]))
        st.session_state[_key(name)] = min(max(st.session_state[_key(name)], 0.0), most)
        money[name] = columns[place % 2].slider(
            plain(f"{name}, a week"), 0.0, most,
            step=nice(most / STEPS), format=digits(most / STEPS), key=_key(name),
        )  # fmt: skip
    st.button(
        "Back to today's spends",
        on_click=_put,
        args=({name: float(now[design.dataset.channels.index(name)]) for name in names},),
    )
    found = _planned(opened.key, horizon, how, money, answers, before)
    with result:
        _result(run, found, horizon)
    grid(spend_table(found))
    if found.mediator is not None:
        st.caption(
            plain(
                f"{design.mediator} is not set: its causes raise it to "
                f"{with_interval(found.mediator)} a week, which is part of the plan's cost."
            )
        )
    download(found.table, "budget.csv")
    if found.gain.exists:
        draw(lambda: picture(found))
    st.subheader("Small steps")
    try:
        steps, spends = _small_steps(opened.key, horizon, how, answers)
    except InputError as problem:
        st.info(plain(str(problem)))
        return
    for says, there in zip(decisions.move_sentences(run, steps), spends, strict=True):
        st.write(plain(says))
        if says.startswith("Moving"):
            st.button("Put on the sliders", key=says, on_click=_put,
                      args=({name: there[name] for name in names},))  # fmt: skip
    download(steps, "moves.csv")


def _result(run: View, found: Planned, horizon: int) -> None:
    """What the spends on the sliders change."""
    spent, today = found.table["spend_plan"].sum(), found.table["spend_now"].sum()
    one, two, three = st.columns(3)
    with one:
        amount(f"Change of {run.outcome} over {horizon} weeks", found.gain)
    chance = decisions.chance(found.p_gain) if found.gain.exists else "–"
    right = "if the model is right" if found.gain.exists else None
    two.metric("Probability of a gain", chance, right, delta_color="off", delta_arrow="off")
    three.metric("Spend, a week", number(spent), f"{_change(today, spent)} against today",
                 delta_color="off", delta_arrow="off")  # fmt: skip
    if not found.gain.exists:
        st.info("These are today's spends, the mean of the last 52 weeks: move a slider.")
    if found.beyond:
        st.warning(
            plain(
                f"{listed(found.beyond)} would spend more in a week than was ever observed: there "
                "the model's form speaks, not the data."
            )
        )


def _change(before: float, after: float) -> str:
    if before == 0:
        return "–"
    change = after / before - 1
    return f"{change:+.0%}".replace("-", "−") if abs(change) >= 0.005 else "0%"


def page(opened: Opened) -> None:
    """Show what the spends that the reader chooses would bring, and plans that were made."""
    run = opened.view
    if opened.model is None:
        st.info(OWN_EQUATIONS)
    else:
        st.write(
            plain(
                "A plan is a constant weekly spend, against going on as in the mean week of the "
                f"last 52. All {len(opened.model):,} draws answer; the interval is that of the "
                "parameters, without the chance of single weeks."
            )
        )
        _chosen(opened)
    st.subheader("The best plan that was searched")
    sentences = decisions.plan_sentences(run)
    if not sentences:
        st.write(plain("None yet. Make one with") + f" `mmm-bayes optimize {run.run.folder}`")
        return
    listing(sentences)
    plan = run.added(PLAN)
    if opened.model is not None and plan["unit"].nunique() == 1:
        spends = dict(zip(plan["channel"].astype(str), map(float, plan["spend_plan"]), strict=True))
        st.button("Put the plan on the sliders", on_click=_put, args=(spends,))
    download(plan, "plan.csv")
    draw_all(lambda: decisions.pictures(run))
