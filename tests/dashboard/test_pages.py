"""Every page as Streamlit shows it: its numbers against loops, its warnings where they are due."""

import json
import shutil

import builds
import numpy as np
import oracle
import pages
import pandas as pd
import planned
import pytest

from mmm_bayes.decisions import build_response
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.text import Summary, estimate, mean_and_interval, number

NAMES = (
    "Data",
    "Effects",
    "Response curves",
    "Budget",
    "Posterior and checks",
    "Rolling stability",
)
HORIZON = 5


def summary(values):
    low, high = np.quantile(values, [0.05, 0.95])
    return Summary(float(np.mean(values)), float(low), float(high))


def metric(app, label):
    (element,) = [metric for metric in app.metric if metric.label.startswith(label)]
    return element


@pytest.mark.parametrize("name", NAMES)
def test_every_page_begins_with_the_verdict(make_run, open_page, name):
    app = open_page(name, make_run(verdict="fail").folder)
    assert app.header[0].value == name
    (verdict,) = app.error
    assert "must not be used" in verdict.value
    text = pages.page_text(app)
    assert "- The chains disagree [badly]." in text
    assert "Nothing outside the table moves both search and sales" in text


def test_a_warning_is_shown(make_run, open_page):
    app = open_page("Effects", make_run().folder)
    assert app.warning[0].value.startswith("**WARNING.**")
    assert "The outcome is unusual." in pages.page_text(app)


@pytest.mark.parametrize("policy", ["set here", "follows its causes"])
def test_the_sliders_change_what_a_loop_over_the_draws_says(make_run, open_page, policy):
    page = make_run()
    app = open_page("Budget", page.folder)
    app.number_input[0].set_value(HORIZON)
    app.radio[0].set_value({"set here": "planner"}.get(policy, "caused"))
    app.run()
    now = page.built.design.dataset.data["spend"].values[-HORIZON:, 0].mean(0)
    assert metric(app, "Change of sales").value == "0"
    app.slider(key="spend social").set_value(220.0)
    app.slider(key="spend tv").set_value(10.0)
    app.run()
    assert not app.exception
    spends = now.copy()[None]
    spends[0, [0, 3]] = 220.0, 10.0
    gains = [
        planned.plan(page.built, sample, spends, HORIZON, how_)[0]
        - planned.plan(page.built, sample, now[None], HORIZON, how_)[0]
        for how_ in [{"set here": "planner"}.get(policy, "caused")]
        for sample in page.built.samples
    ]
    mean, interval = mean_and_interval(summary(gains))
    shown = metric(app, "Change of sales over 5 weeks")
    assert (shown.value, shown.delta) == (mean, f"90% interval {interval}")
    assert metric(app, "Probability").value == f"{np.mean(np.array(gains) > 0):.0%}"
    mediator = [planned.plan(page.built, one, spends, HORIZON, "caused")[1][0]
                for one in page.built.samples]  # fmt: skip
    sentence = f"search is not set: its causes raise it to {estimate(summary(mediator))} a week"
    assert (sentence in pages.page_text(app)) is (policy != "set here")
    assert len(app.slider) == (4 if policy == "set here" else 3)


def test_spends_beyond_the_observed_ones_are_flagged(make_run, open_page):
    page = make_run()
    highest = planned.highest_sustained(page.built, 0, 3, builds.WEEKS)
    app = open_page("Budget", page.folder)
    assert "above what was ever observed" not in pages.page_text(app)
    app.slider(key="spend tv").set_value(1.2 * highest).run()
    assert "tv would be sustained above what was ever observed" in pages.page_text(app)
    assert app.slider(key="spend tv").max == pytest.approx(1.5 * highest)


def test_small_steps_go_onto_the_sliders(make_run, open_page):
    app = open_page("Budget", make_run().folder)
    (first, *_) = [one for one in app.button if one.label == "Put on the sliders"]
    before = [one.value for one in app.slider]
    first.click().run()
    after = [one.value for one in app.slider]
    assert sum(after) == pytest.approx(sum(before))
    moved = np.abs(np.subtract(after, before)).sum() / 2
    assert moved == pytest.approx(0.05 * sum(before))
    assert metric(app, "Change of sales").value in first.key
    app.button[0].click().run()  # back to today's
    assert [one.value for one in app.slider] == pytest.approx(before)


def test_a_curve_says_what_a_long_constant_spend_adds(make_run, open_page):
    page = make_run()
    built = page.built
    app = open_page("Response curves", page.folder)
    app.selectbox[0].set_value("tv").run()
    app.slider[0].set_value(100.0).run()
    average = built.design.arrays["exposure_lags"].values.mean(0)[..., 0]
    steady = np.repeat(average[None], 2 * builds.MAX_LAG, 0)
    there, more, none = steady.copy(), steady.copy(), steady.copy()
    unit = oracle.active_mean(built, 0, 3)
    there[..., 3], more[..., 3], none[..., 3] = 100.0 / unit, 101.0 / unit, 0.0
    zero = np.zeros((builds.MAX_LAG + 1, *built.design.arrays["covariates"].shape[1:]))

    def last(sample, path):
        return oracle.location_under(built, sample, path, zero)[-1, 0]

    levels = np.array([[last(s, path) for path in (none, there, more)] for s in built.samples])
    shown = metric(app, "sales added per week")
    mean, interval = mean_and_interval(summary(levels[:, 1] - levels[:, 0]))
    assert (shown.value, shown.delta) == (mean, f"90% interval {interval}")
    assert (
        metric(app, "Marginal ROAS").value
        == mean_and_interval(summary(levels[:, 2] - levels[:, 1]))[0]
    )


def test_a_curve_is_flagged_beyond_the_highest_week(make_run, open_page):
    page = make_run()
    app = open_page("Response curves", page.folder)
    highest = page.built.design.dataset.data["spend"].values[:, 0, 0].max()
    app.slider[0].set_value(0.99 * highest).run()
    assert "highest week observed had" not in pages.page_text(app)
    app.slider[0].set_value(1.01 * highest).run()
    assert f"The highest week observed had {number(highest)}" in pages.page_text(app)
    app.slider[0].set_value(0.0).run()
    assert metric(app, "Marginal return").value == "–"


def test_a_model_file_has_sliders_where_it_is_given(make_run, open_page, tmp_path):
    """A run folder is data: the copy of the model in it is never executed."""
    folder, file = tmp_path / "own", tmp_path / "own_model.py"
    shutil.copytree(make_run().folder, folder)
    record = json.loads((folder / "run.json").read_text("utf-8"))
    (folder / "run.json").write_text(json.dumps(record | {"model": "own_model"}), "utf-8")
    shutil.copy(folder / "model.py", file)
    for name in ("Budget", "Response curves"):
        app = open_page(name, folder)
        assert len(app.slider) == 0
        assert "give the file with --model" in pages.page_text(app).replace("\\", "")
        known, own = open_page(name, make_run().folder), open_page(name, folder, model=file)
        assert len(known.slider) > 0
        assert [one.value for one in own.slider] == [one.value for one in known.slider]


def test_the_table_is_the_one_that_was_fitted(make_run):
    from mmm_bayes.dashboard.data import fitted_table
    from mmm_bayes.report.run import read

    page = make_run(name="panel", units=2)
    written = pd.read_csv(page.built.design.dataset.path.parent / "weekly.csv")
    shown = fitted_table(read(page.folder)).sort_values(["region", "week"], ignore_index=True)
    pd.testing.assert_frame_equal(shown, written[list(shown)], check_dtype=False)
    assert {"social_views", "tv_spend", "promotion", "sales"} <= set(shown)


def test_effects_are_those_of_the_estimands(make_run, open_page):
    page = make_run()
    app = open_page("Effects", page.folder)
    table = app.table[0].value
    rows = pd.read_csv(page.folder / "estimands.csv").set_index(["channel", "estimand"])
    for name, channel, column, estimand in (
        ("social", "social", "total", "total"),
        ("social", "social", "marginal ROAS", "mroas"),
        ("all media together", "all_media", "total", "total"),
        ("all media together", "all_media", "ROAS", "roas"),
    ):
        row = rows.loc[(channel, estimand)]
        expected = mean_and_interval(Summary(row["mean"], row["lower"], row["upper"]))
        shown = table.loc[name, column].replace("\N{NO-BREAK SPACE}", " ").replace("\\", "")
        assert shown == "\n\n".join(expected)


def test_each_parameter_has_a_density(make_run, open_page):
    app = open_page("Posterior and checks", make_run().folder)
    app.selectbox[0].set_value("adstock_alpha").run()
    app.selectbox[1].set_value("video").run()
    assert not app.exception
    assert "adstock_alpha [video]: carryover" in pages.page_text(app)


def test_units_of_a_panel_are_shown_and_planned_together(make_run, open_page):
    page = make_run(name="panel", units=2)
    app = open_page("Effects", page.folder)
    app.selectbox[0].set_value("r1").run()
    assert not app.exception
    app = open_page("Budget", page.folder)
    now = page.built.design.dataset.data["spend"].values.mean(0).sum(0)
    assert [one.value for one in app.slider] == pytest.approx(list(now))
    assert metric(app, "Change of sales").value == "0"
    app.slider(key="spend tv").set_value(1.1 * now[3]).run()
    spends = page.built.design.dataset.data["spend"].values.mean(0) * [1, 1, 1, 1.1]
    graph = build_response(abduct(page.built.model, page.built.design, page.built.draws))
    gain = graph(spends).outcome - graph(graph.status_quo.spend).outcome
    assert metric(app, "Change of sales").value == mean_and_interval(summary(gain))[0]


def test_a_folder_that_is_not_a_run_is_refused(open_page, tmp_path):
    app = open_page("Data", tmp_path)
    assert "is not a finished run" in app.error[0].value
