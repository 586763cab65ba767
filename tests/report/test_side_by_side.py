"""Several runs on one page: what differs is named, and nothing else; answers stand side by side."""

import html
import json
import re
import shutil
import sys
from urllib.parse import unquote

import arviz_stats as azs
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm_bayes.cli import main
from mmm_bayes.errors import InputError
from mmm_bayes.report.side_by_side import render_side_by_side


def text_of(page):
    bare = re.sub(r"<(style|script)>.*?</\1>", " ", page.read_text("utf-8"), flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", bare)))


def changed(folder, **changes):
    """Change entries of a run's record; a dot leads into an entry."""
    path = folder / "run.json"
    record = json.loads(path.read_text())
    for key, value in changes.items():
        *way, last = key.split("__")
        inside = record
        for step in way:
            inside = inside[step]
        inside[last] = value
    path.write_text(json.dumps(record))


@pytest.fixture(scope="module")
def runs(mediated_run, panel_run, tmp_path_factory):
    """A run, the same with other settings and twice the effect of tv, and one of another table."""
    place = tmp_path_factory.mktemp("a place with spaces")
    one, other, panel = (
        shutil.copytree(run, place / name, ignore=shutil.ignore_patterns("figures", "report.html"))
        for run, name in ((mediated_run, "one"), (mediated_run, "other"), (panel_run, "panel"))
    )
    changed(other, form__max_lag=9, priors__beta={"dist": "HalfNormal", "sigma": 0.4})
    changed(panel, data_sha256="cd" * 32)
    estimands = pd.read_csv(other / "estimands.csv")
    tv = estimands["channel"].eq("tv")
    estimands.loc[tv, ["mean", "median", "lower", "upper"]] *= 2
    estimands.to_csv(other / "estimands.csv", index=False)
    diagnostics = json.loads((other / "diagnostics.json").read_text())
    diagnostics["checks"][0] |= {"status": "warn", "message": "The chains hardly agree."}
    (other / "diagnostics.json").write_text(json.dumps(diagnostics))
    # Half the weeks are predicted worse.
    tree = xr.load_datatree(other / "posterior.nc", engine="h5netcdf")
    worse = tree["log_likelihood"]["outcome"] - 1.5 * (np.arange(60) % 2)
    tree["log_likelihood"] = xr.DataTree(worse.to_dataset(name="outcome"))
    (other / "posterior.nc").unlink()
    tree.to_netcdf(other / "posterior.nc", engine="h5netcdf")
    (one / "report.html").write_text("its own")
    return one, other, panel


@pytest.fixture(scope="module")
def page(runs, tmp_path_factory):
    return render_side_by_side(runs, tmp_path_factory.mktemp("out") / "deep" / "runs.html")


@pytest.fixture(scope="module")
def text(page):
    return text_of(page)


def section(text, start, end):
    return text[text.rindex(start) : text.rindex(end)]


def cells(page, caption):
    """The rows of a table, each cell with its smaller lines."""
    body = page.read_text("utf-8").split(f"<span>{caption}")[1].split("</table>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body.split("<tbody>")[1], flags=re.S)
    return {
        row[0]: row[1:]
        for row in (
            [
                html.unescape(re.sub(r"<[^>]+>", "|", cell))
                for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
            ]
            for row in rows
        )
    }


def test_what_differs_is_named_and_nothing_else(page):
    model = cells(page, "The model")
    assert model["weeks with carryover"] == ["6", "9", "6"]
    assert model["prior of beta"][1] == "HalfNormal(sigma = 0.4)"
    assert model["link"] == ["identity", "identity", "log"]
    assert "likelihood" not in model
    data = cells(page, "The data")
    assert data["table's SHA-256"] == ["abababababab", "abababababab", "cdcdcdcdcdcd"]
    assert data["units"] == ["all", "all", "north, south, west"]
    assert data["mediators.google.causes"] == ["facebook, tiktok", "facebook, tiktok", "–"]
    assert not {"weeks", "outcome", "channels.tv.spend"} & set(data)


def test_the_same_settings_are_said_to_be_the_same(runs, tmp_path):
    again = shutil.copytree(runs[0], tmp_path / "again")
    page_text = text_of(render_side_by_side([runs[0], again], tmp_path / "same.html"))
    assert "All runs were fitted to the same table." in page_text
    for group in ("The data", "The model", "The fit"):
        assert f"{group}: no difference." in page_text
    agreed = "facebook, tiktok, google, tv and all media together"
    assert f"On the total effect of {agreed} the runs agree" in page_text


def test_answers_are_those_of_the_tables(page, runs):
    shown = cells(page, "ROAS")
    for at, folder in enumerate(runs):
        table = pd.read_csv(folder / "estimands.csv")
        rows = table[(table["unit"] == "all") & (table["estimand"] == "roas")]
        for channel, mean in zip(rows["channel"], rows["mean"], strict=True):
            row = shown["all media together" if channel == "all_media" else channel]
            assert float(row[at].split("|")[0]) == pytest.approx(mean, rel=0.02)
    total = cells(page, "Total effect")
    one, other = (float(total["tv"][at].split("%")[0]) for at in (0, 1))
    assert other == pytest.approx(2 * one, rel=0.05)
    assert total["all media together"][0] == total["all media together"][1] != "–"
    assert list(cells(page, "Direct effect")) == ["facebook", "tiktok", "google", "tv"]


def test_runs_of_an_earlier_version_have_no_row_of_all_media(runs, tmp_path):
    folders = [shutil.copytree(run, tmp_path / run.name) for run in runs[:2]]
    for folder in folders[:1]:
        table = pd.read_csv(folder / "estimands.csv")
        table[table["channel"] != "all_media"].to_csv(folder / "estimands.csv", index=False)
    mixed = render_side_by_side(folders, tmp_path / "mixed.html")
    assert cells(mixed, "Total effect")["all media together"][0] == "–"
    assert "all media together" not in section(text_of(mixed), "Where they agree", "Over all")
    for folder in folders[1:]:
        table = pd.read_csv(folder / "estimands.csv")
        table[table["channel"] != "all_media"].to_csv(folder / "estimands.csv", index=False)
    before = render_side_by_side(folders, tmp_path / "before.html")
    assert "all media together" not in text_of(before)


def test_agreement_is_that_of_means_with_intervals(text):
    agreement = section(text, "Where they agree", "Over all fitted weeks")
    assert "On tv they differ by more than their intervals allow: " in agreement
    assert "in one" in agreement
    assert "in other" in agreement
    assert "in panel" in agreement


def test_verdicts_lead_and_link_to_each_run(page, runs, text):
    top = text[: text.index("Where they agree")]
    assert "FAIL in 1 of 3 runs: do not use their numbers" in top
    assert "one (partial_mediation): warning." in top
    assert "panel (no_mediation): failed." in top
    assert f"mmm-bayes report {runs[1]} writes it" in top
    links = re.findall(r'href="([^#"]+)"', page.read_text("utf-8"))
    assert [(page.parent / unquote(link)).resolve() for link in links] == [runs[0] / "report.html"]
    assert (page.parent / unquote(links[0])).read_text() == "its own"


def test_checks_that_did_not_pass_everywhere(page):
    shown = cells(page, "Checks that did not pass")
    agreed = "passed|All chains agree.|"
    assert shown["Sampling"] == [agreed, "warning|The chains hardly agree.|", agreed]
    assert shown["Can the model reproduce the outcome?"][2].startswith("failed")


def test_prediction_is_compared_within_a_table_alone(page, runs, text):
    ranking = section(text, "Which predicts unseen weeks better", "A dash means that the check")
    assert "panel is the only run of its table" in ranking
    # 30 weeks of 1.5 each; so few draws leave some weeks to importance sampling's doubts.
    assert "one seems to predict better than other, by 45.0 log units" in ranking
    assert "the leave-one-out of one and other is unreliable" in ranking
    shown = cells(page, "Predictions of weeks left out")
    assert list(shown) == ["one", "other"]
    for name, folder in zip(shown, runs, strict=False):
        tree = xr.load_datatree(folder / "posterior.nc", engine="h5netcdf")
        with pytest.warns(UserWarning, match="Pareto"):
            expected = azs.loo(tree).elpd
        elpd = shown[name][0].split("|")[0].replace("−", "-").replace(",", "")
        assert float(elpd) == pytest.approx(expected, abs=0.06)


def test_runs_that_score_other_weeks_are_not_ranked(runs, tmp_path):
    short = shutil.copytree(runs[0], tmp_path / "short")
    tree = xr.load_datatree(short / "posterior.nc", engine="h5netcdf")
    del tree["log_likelihood"]
    (short / "posterior.nc").unlink()
    tree.to_netcdf(short / "posterior.nc", engine="h5netcdf")
    page_text = text_of(render_side_by_side([runs[0], short], tmp_path / "page.html"))
    assert "Leave-one-out does not compare one and short: short has no log-likelihood" in page_text


def test_runs_and_the_page_stay_as_they_are(runs, page):
    before = sorted(path.name for path in runs[0].iterdir())
    with pytest.raises(InputError, match="already exists and is never overwritten"):
        render_side_by_side(runs, page)
    assert sorted(path.name for path in runs[0].iterdir()) == before
    assert "figures" not in before


@pytest.mark.parametrize(
    "given, message",
    [
        (("{one}", "--out", "x.html"), "--out is for several runs"),
        (("{one}", "{other}"), r"name it with --out PAGE\.html"),
        (("{one}", "{other}", "--out", "x"), r"a name that ends in \.html"),
        (("{one}", "{one}", "--out", "x.html"), "is given twice"),
        (("{one}", "nowhere", "--out", "x.html"), "not a finished run"),
    ],
)
def test_bad_input_is_one_sentence(given, message, runs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = [word.format(one=runs[0], other=runs[1]) for word in given]
    monkeypatch.setattr(sys, "argv", ["mmm-bayes", "report", *words])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    error = capsys.readouterr().err
    assert re.search(message, error)
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
