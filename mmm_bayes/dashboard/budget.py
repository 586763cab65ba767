"""The page of the budget: effects of other spends, small steps, and the optimised plan."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from mmm_bayes.dashboard.answers import Array, PlanEffect, plan_effect, small_steps
from mmm_bayes.dashboard.display import (
    escape_markdown,
    round_step,
    show_download,
    show_estimate,
    show_list,
    show_picture,
    show_pictures,
    show_table,
    step_format,
)
from mmm_bayes.dashboard.runs import OpenRun
from mmm_bayes.decisions.job import PLAN
from mmm_bayes.decisions.limits import EXTRAPOLATION
from mmm_bayes.decisions.outcome import MediatorPolicy
from mmm_bayes.decisions.response import Response, build_response
from mmm_bayes.decisions.status_quo import BEYOND
from mmm_bayes.errors import InputError
from mmm_bayes.model.counterfactual import Counterfactual
from mmm_bayes.plots.decisions import spend_changes
from mmm_bayes.plots.style import figure
from mmm_bayes.report import decisions
from mmm_bayes.report.cells import Cell, Row, Table, make_table, number_cell
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.run import View
from mmm_bayes.text import MISSING, count, estimate, join_names, number, percent, probability

#: Positions of a slider.
STEPS = 200
POLICIES: dict[MediatorPolicy, str] = {"planner": "set here", "caused": "follows its causes"}


def spend_table(effect: PlanEffect) -> Table:
    """Today's and the planned spends, and the plan over the highest sustained spend."""
    rows: list[Row] = []
    for _, row in effect.table.iterrows():
        ratio = row["times_highest"]
        beyond = " (beyond)" if ratio > BEYOND else ""
        rows.append(
            [
                str(row["channel"]),
                number_cell(row["spend_now"]),
                number_cell(row["spend_plan"]),
                number_cell(_change(row["spend_now"], row["spend_plan"]), _signed_percent),
                Cell(f"{percent(ratio)}{beyond}", ratio),
            ]
        )
    head = ("channel", "today, a week", "here, a week", "change", "of the highest sustained")
    return make_table(head, rows)


def spend_picture(effect: PlanEffect) -> Picture:
    """Today's and the planned spends."""
    drawing, axes = figure(width=5.5, height=1.2 + 0.42 * len(effect.table))
    spend_changes(axes[0, 0], effect.table)
    return Picture(
        "spends", "Weekly spends.", "Weekly spends: today's and the ones chosen.", drawing
    )


@st.cache_resource(show_spinner="Evaluating today's spends", max_entries=20)
def _response(
    key: str, horizon: int, policy: MediatorPolicy, _fitted: Counterfactual
) -> tuple[Response, Array]:
    response = build_response(_fitted, horizon=horizon, policy=policy)
    return response, response.value(response.status_quo.spend)[0]


@st.cache_data(show_spinner="Computing the effect of the plan", max_entries=500)
def _plan_effect(
    key: str,
    horizon: int,
    policy: MediatorPolicy,
    money: dict[str, float],
    _response: Response,
    _before: Array,
) -> PlanEffect:
    return plan_effect(_response, _before, money)


@st.cache_data(show_spinner="Looking for money that is better spent elsewhere", max_entries=20)
def _small_steps(
    key: str, horizon: int, policy: MediatorPolicy, _response: Response
) -> tuple[pd.DataFrame, list[dict[str, float]]]:
    return small_steps(_response)


def _key(channel: str) -> str:
    return f"spend {channel}"


def _set_sliders(money: dict[str, float]) -> None:
    for channel, spend in money.items():
        st.session_state[_key(channel)] = spend


@st.fragment
def _show_chosen(opened: OpenRun) -> None:
    run, fitted = opened.view, opened.fitted
    assert fitted is not None
    design = fitted.design
    left, right = st.columns(2)
    longest = design.arrays.sizes["time"]
    year = min(design.dataset.step.per_year, longest)
    label = escape_markdown("Weeks of the plan")
    horizon = int(left.number_input(label, 1, longest, year))
    policy: MediatorPolicy = "planner"
    if fitted.mediator is not None:
        policy = right.radio(
            escape_markdown(f"Spend on {design.mediator}"),
            list(POLICIES),
            format_func=POLICIES.get,
            horizontal=True,
        )
    response, before = _response(opened.key, horizon, policy, fitted)
    result = st.container()
    channels = list(design.dataset.channels)
    now = dict(zip(channels, map(float, response.status_quo.spend.sum(0)), strict=True))
    highest = dict(zip(channels, map(float, response.status_quo.highest.sum(0)), strict=True))
    decided = dict(zip(channels, response.decided.any(0), strict=True))
    names = [name for name in channels if decided[name]]
    if st.session_state.get("horizon shown") != horizon:  # today's spends are those of its weeks
        _set_sliders({name: now[name] for name in names})
        st.session_state["horizon shown"] = horizon
    money: dict[str, float] = {}
    for index, name in enumerate(names):
        if index % 2 == 0:  # rows of two, which a phone shows one below the other in their order
            columns = st.columns(2)
        most = EXTRAPOLATION * highest[name]
        st.session_state.setdefault(_key(name), now[name])
        st.session_state[_key(name)] = min(max(st.session_state[_key(name)], 0.0), most)
        money[name] = columns[index % 2].slider(
            escape_markdown(f"{name}, a week"),
            0.0,
            most,
            step=round_step(most / STEPS),
            format=step_format(most / STEPS),
            key=_key(name),
        )
    st.button(
        "Back to today's spends",
        on_click=_set_sliders,
        args=({name: now[name] for name in names},),
    )
    effect = _plan_effect(opened.key, horizon, policy, money, response, before)
    with result:
        _show_result(run, effect, horizon)
    show_table(spend_table(effect))
    if effect.mediator is not None:
        st.caption(
            escape_markdown(
                f"{design.mediator} is not set: its causes raise it to "
                f"{estimate(effect.mediator)} a week, which is part of the plan's cost."
            )
        )
    show_download(effect.table, "budget.csv")
    if effect.gain.exists:
        show_picture(lambda: spend_picture(effect))
    st.subheader("Small steps")
    try:
        moves, spends = _small_steps(opened.key, horizon, policy, response)
    except InputError as error:
        st.info(escape_markdown(str(error)))
        return
    sentences = decisions.move_sentences(run, moves)
    for sentence, share, after in zip(sentences, moves["share"], spends, strict=True):
        st.write(escape_markdown(sentence))
        if share > 0:
            st.button(
                "Put on the sliders",
                key=sentence,
                on_click=_set_sliders,
                args=({name: after[name] for name in names},),
            )
    show_download(moves, "moves.csv")


def _show_result(run: View, effect: PlanEffect, horizon: int) -> None:
    """Show the effect of the spends on the sliders."""
    planned, now = effect.table["spend_plan"].sum(), effect.table["spend_now"].sum()
    first, second, third = st.columns(3)
    with first:
        show_estimate(f"Change of {run.outcome} over {horizon} weeks", effect.gain)
    p_gain, condition = MISSING, None
    if effect.gain.exists:
        p_gain, condition = probability(effect.p_gain), "if the model is right"
    second.metric("Probability of a gain", p_gain, condition, delta_color="off", delta_arrow="off")
    change = number_cell(_change(now, planned), _signed_percent).text
    third.metric(
        escape_markdown("Spend, a week"),
        number(planned),
        f"{change} against today",
        delta_color="off",
        delta_arrow="off",
    )
    if not effect.gain.exists:
        st.info(
            escape_markdown("These are today's spends, those of the last weeks: move a slider.")
        )
    if effect.beyond:
        st.warning(
            escape_markdown(
                f"{join_names(effect.beyond)} would be sustained above what was ever observed: "
                "there the plan rests on the model's form, not on data."
            )
        )


def _change(before: float, after: float) -> float | None:
    """Relative change of a spend; None if there was none before."""
    return after / before - 1 if before else None


def _signed_percent(share: float) -> str:
    return percent(share, signed=True)


def show_page(opened: OpenRun) -> None:
    """Show the effect of spends that the reader chooses, and the optimised plan."""
    run = opened.view
    if opened.fitted is None:
        st.info(opened.limitation)
    else:
        sizes = opened.fitted.draws.sizes
        draws = count(sizes["chain"] * sizes["draw"])
        st.write(
            escape_markdown(
                "A plan multiplies what each channel spent in the last weeks, and is compared with "
                f"these weeks as they were. It is evaluated on all {draws} draws; the interval "
                "reflects the uncertainty of the parameters, not the noise of single weeks."
            )
        )
        _show_chosen(opened)
    st.subheader("The optimised plan")
    sentences = decisions.plan_sentences(run)
    if not sentences:
        command = f"`mmm-bayes optimize {run.run.folder}`"
        st.write(f"There is none yet. Compute one with {command}")
        return
    show_list(sentences)
    plan = run.extra_table(PLAN)
    if opened.fitted is not None and plan["unit"].nunique() == 1:
        spends = dict(zip(plan["channel"].astype(str), map(float, plan["spend_plan"]), strict=True))
        st.button("Put the plan on the sliders", on_click=_set_sliders, args=(spends,))
    show_download(plan, "plan.csv")
    show_pictures(lambda: decisions.pictures(run))
