"""Every page as Streamlit draws it: its numbers against loops, its warnings where they are due."""

import shutil
import subprocess
import sys

import builds
import numpy as np
import oracle
import pages
import pandas as pd
import pytest
import xarray as xr

from mmm_bayes.counterfactual import world
from mmm_bayes.decisions import response
from mmm_bayes.report.words import Summary, number, spread, with_interval

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
    (found,) = [one for one in app.metric if one.label.startswith(label)]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_page_begins_with_what_the_numbers_are_worth(make_run, open_page, name):
    app = open_page(name, make_run(verdict="fail").folder)
    assert app.header[0].value == name
    (verdict,) = app.error
    assert "must not be used" in verdict.value
    text = pages.said(app)
    assert "- The chains disagree [badly]." in text
    assert "Nothing outside the table moves both search and sales" in text


def test_a_warning_says_so(make_run, open_page):
    app = open_page("Effects", make_run().folder)
    assert app.warning[0].value.startswith("**WARNING.**")
    assert "Seldom a year is so dry." in pages.said(app)


@pytest.mark.parametrize("how", ["set here", "follows its causes"])
def test_the_sliders_change_what_a_loop_over_the_draws_says(make_run, open_page, how):
    page = make_run()
    app = open_page("Budget", page.folder)
    app.number_input[0].set_value(HORIZON)
    app.radio[0].set_value({"set here": "planner"}.get(how, "caused"))
    app.run()
    now = page.built.design.dataset.data["spend"].values[:, 0].mean(0)
    assert metric(app, "Change of sales").value == "0"
    app.slider(key="spend social").set_value(220.0)
    app.slider(key="spend tv").set_value(10.0)
    app.run()
    assert not app.exception
    spends = now.copy()[None]
    spends[0, [0, 3]] = 220.0, 10.0
    gains = [
        oracle.plan(page.built, sample, spends, HORIZON, how_)[0]
        - oracle.plan(page.built, sample, now[None], HORIZON, how_)[0]
        for how_ in [{"set here": "planner"}.get(how, "caused")]
        for sample in page.built.samples
    ]
    mean, interval = spread(summary(gains))
    shown = metric(app, "Change of sales over 5 weeks")
    assert (shown.value, shown.delta) == (mean, f"90% interval {interval}")
    assert metric(app, "Probability").value == f"{np.mean(np.array(gains) > 0):.0%}"
    mediator = [oracle.plan(page.built, one, spends, HORIZON, "caused")[1][0]
                for one in page.built.samples]  # fmt: skip
    told = f"search is not set: its causes raise it to {with_interval(summary(mediator))} a week"
    assert (told in pages.said(app)) is (how != "set here")
    assert len(app.slider) == (4 if how == "set here" else 3)


def test_beyond_what_was_observed_is_said(make_run, open_page):
    page = make_run()
    highest = page.built.design.dataset.data["spend"].values[:, 0, 3].max()
    app = open_page("Budget", page.folder)
    assert "than was ever observed" not in pages.said(app)
    app.slider(key="spend tv").set_value(1.2 * highest).run()
    assert "tv would spend more in a week than was ever observed" in pages.said(app)
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
        return oracle.outcome_location(built, sample, path, zero)[-1, 0]

    levels = np.array([[last(s, path) for path in (none, there, more)] for s in built.samples])
    shown = metric(app, "sales added per week")
    mean, interval = spread(summary(levels[:, 1] - levels[:, 0]))
    assert (shown.value, shown.delta) == (mean, f"90% interval {interval}")
    assert metric(app, "Marginal ROAS").value == spread(summary(levels[:, 2] - levels[:, 1]))[0]


def test_a_curve_is_flagged_beyond_the_highest_week(make_run, open_page):
    page = make_run()
    app = open_page("Response curves", page.folder)
    highest = page.built.design.dataset.data["spend"].values[:, 0, 0].max()
    app.slider[0].set_value(0.99 * highest).run()
    assert "highest week observed had" not in pages.said(app)
    app.slider[0].set_value(1.01 * highest).run()
    assert f"The highest week observed had {number(highest)}" in pages.said(app)
    app.slider[0].set_value(0.0).run()
    assert metric(app, "Marginal return").value == "–"


def test_a_model_with_equations_of_its_own_gets_no_sliders(make_run, open_page, tmp_path):
    folder = tmp_path / "own"
    shutil.copytree(make_run().folder, folder)
    with xr.open_datatree(folder / "posterior.nc", engine="h5netcdf") as saved:
        tree = saved.load()
    tree["posterior"]["outcome_mean"] *= 1.01
    tree.to_netcdf(folder / "posterior.nc", engine="h5netcdf")
    for name in ("Budget", "Response curves"):
        app = open_page(name, folder)
        assert len(app.slider) == 0
        assert "equations that this page does not know" in pages.said(app)


def test_the_table_is_the_one_that_was_fitted(make_run):
    from mmm_bayes.dashboard.data import frame
    from mmm_bayes.report.run import read

    page = make_run(name="panel", units=2)
    written = pd.read_csv(page.built.design.dataset.path.parent / "weekly.csv")
    found = frame(read(page.folder)).sort_values(["region", "week"], ignore_index=True)
    pd.testing.assert_frame_equal(found, written[list(found)], check_dtype=False)
    assert {"social_views", "tv_spend", "promotion", "sales"} <= set(found)


def test_effects_are_those_of_the_estimands(make_run, open_page):
    page = make_run()
    app = open_page("Effects", page.folder)
    table = app.table[0].value
    rows = pd.read_csv(page.folder / "estimands.csv").set_index(["channel", "estimand"])
    for column, estimand in (("total", "total"), ("marginal ROAS", "mroas")):
        one = rows.loc[("social", estimand)]
        said = spread(Summary(one["mean"], one["lower"], one["upper"]))
        shown = table.loc["social", column].replace("\N{NO-BREAK SPACE}", " ").replace("\\", "")
        assert shown == "\n\n".join(said)


def test_each_parameter_has_a_density(make_run, open_page):
    app = open_page("Posterior and checks", make_run().folder)
    app.selectbox[0].set_value("adstock_alpha").run()
    app.selectbox[1].set_value("video").run()
    assert not app.exception
    assert "adstock_alpha [video]: carryover" in pages.said(app)


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
    graph = response(world(page.built.model, page.built.design, page.built.draws), page.built.model)
    gain = graph(spends).outcome - graph(graph.today.spend).outcome
    assert metric(app, "Change of sales").value == spread(summary(gain))[0]


def test_a_folder_that_is_no_run_is_said_to_be_none(open_page, tmp_path):
    app = open_page("Data", tmp_path)
    assert "is not a finished run" in app.error[0].value


def test_reading_a_run_imports_no_sampler(make_run, tmp_path):
    script = tmp_path / "read.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app, folder, *names = sys.argv[1:]\n"
        "sys.argv = [app, folder]\n"
        "for name in names:\n"
        "    page = AppTest.from_file(app, default_timeout=120)\n"
        "    page.query_params['page'] = name\n"
        "    page.run()\n"
        "    assert not page.exception, page.exception\n"
        "    assert page.header[0].value == name\n"
        "page = AppTest.from_file(app, default_timeout=120)\n"
        "page.query_params['page'] = 'Budget'\n"
        "page.run().slider(key='spend tv').set_value(11.0).run()\n"
        "from mmm_bayes.report import render\n"
        "print(sorted({'pymc', 'pytensor', 'nutpie', 'numba'} & set(sys.modules)))\n"
    )
    told = subprocess.run(
        [sys.executable, str(script), str(pages.APP), str(make_run().folder), *NAMES],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1] == "[]"
