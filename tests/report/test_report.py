import html.parser
import json
import re
import shutil
import subprocess
import sys
from itertools import islice

import pandas as pd
import pytest
import xarray as xr
from synthetic import Market, changing, read_tree

from mmm_bayes.diagnostics.parameters import scalar_draws
from mmm_bayes.errors import InputError
from mmm_bayes.report import render, run_page, tables
from mmm_bayes.report.figures import pictures
from mmm_bayes.report.figures.effects import effects as draw_effects
from mmm_bayes.report.run import read


class Page(html.parser.HTMLParser):
    """Tags, attributes and text of a page; unclosed tags are an error."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["style"], ["script"]):
            self.text += re.sub(r"\s+", " ", data)


@pytest.fixture(scope="module")
def mediated_page(mediated_report):
    return mediated_report.read_text("utf-8")


@pytest.fixture(scope="module")
def panel_page(panel_report):
    return panel_report.read_text("utf-8")


@pytest.fixture(params=["mediated_page", "panel_page"])
def page(request):
    return request.getfixturevalue(request.param)


def test_one_file_that_needs_no_other(page):
    parsed = Page(page)
    assert len(page) < 5e6
    images = [attrs for tag, attrs in parsed.tags if tag == "img"]
    # A panel has one more: its units.
    assert len(images) == 15 + ("Unit by unit" in page)
    assert all(attrs["src"].startswith("data:image/") and attrs["alt"] for attrs in images)
    assert [attrs for tag, attrs in parsed.tags if tag == "script"] == [{}]
    assert not re.search(r"(href|src)=[\"'](?!#|data:)", page)
    assert "url(" not in page
    targets = {attrs["id"] for _, attrs in parsed.tags if "id" in attrs}
    links = [attrs["href"][1:] for tag, attrs in parsed.tags if tag == "a"]
    assert links
    assert set(links) <= targets


def test_the_figures_are_beside_it(mediated_page, mediated_run):
    names = {path.name for path in (mediated_run / "figures").iterdir()}
    assert {"graph.png", "graph.svg", "residuals.svg", "fit.png"} <= names
    assert len({name[:-4] for name in names}) == len(names) / 2
    assert not [name for name in names if name.startswith(".")]


def test_verdicts(mediated_page, panel_page):
    warned, failed = Page(mediated_page).text, Page(panel_page).text
    assert "The model passed its checks, but the table itself" in warned
    top = failed[: failed.index("Findings")]
    assert "must not be used" in top
    assert "The largest weeks are not reached." in top
    assert "describes this fit, not the market" in failed


def test_notes_on_the_table_stand_with_the_data(panel_page):
    text = Page(panel_page).text
    assert text.count("Two channels move together.") == 1
    assert "One note on the table itself" in text
    assert text.index("Before any fit") < text.index("Two channels") < text.rindex("The model")


def test_the_evidence_is_what_the_diagnostics_say(mediated_page, panel_page):
    text = Page(mediated_page).text
    findings = text[text.rindex("Findings") : text.index("Over all fitted weeks")]
    facebook, tiktok = findings.split("tiktok", 1)
    assert "The total is an extrapolation." in facebook
    assert "It excludes 0." in facebook
    assert "this table gives no evidence of mediation" in tiktok.split("tv")[0]
    assert (
        "The priors allow no negative effect on revenue, so no arrow into it can be dashed" in text
    )
    assert "shares overlap" in Page(panel_page).text
    assert "shares overlap" not in text


def test_effects_within_what_was_observed_have_a_table(mediated_run, tmp_path):
    assert tables.supported_effects(read(mediated_run)) is None  # of an earlier version
    folder = tmp_path / "run"
    shutil.copytree(mediated_run, folder)
    saved = pd.read_csv(folder / "estimands.csv")
    half = [
        saved[saved["estimand"] == effect].assign(estimand=f"{effect}_{contrast}")
        for effect in ("total", "direct", "indirect")
        for contrast in ("observed", "plus20", "minus20")
    ]
    pd.concat([saved, *half]).to_csv(folder / "estimands.csv", index=False)
    view = read(folder)
    table = tables.supported_effects(view)
    assert [row[0].text for row in table.rows] == [*view.channels, "all media together"]
    first = table.rows[0]
    assert first[1].value == pytest.approx(view.summary(view.channels[0], "total").mean)
    assert first[2].value == pytest.approx(view.summary(view.channels[0], "direct").mean)
    assert "%" in first[1].text
    picture = draw_effects(view)
    (axes,) = picture.figure.axes[:1]
    assert "total, above its lowest tenth" in [
        label.get_text() for label in axes.get_legend().get_texts()
    ]
    assert "lowest tenth" in picture.caption
    assert "lowest tenth" not in draw_effects(read(mediated_run)).caption


def test_what_is_the_priors_and_what_is_the_datas(mediated_page, panel_page):
    text = Page(mediated_page).text
    section = text[text.rindex("Prior and data") : text.rindex("What the data can't")]
    assert "typical week's revenue to be 15.0k to 25.0k (90%); it was 22k" in section
    assert "all advertising together to make 31% to 87% of revenue" in section
    assert section.count("The prior influences the effect of tiktok more than the data do.") == 1
    assert section.count("The prior influences the effect of all media together (sensitivity") == 1
    assert "all media together, total" in section
    assert "93%" in section  # of the variance of their total
    assert "93%" in Page(panel_page).text
    # A channel without a path through the mediator has one row, the others three; returns none.
    assert "tiktok, indirect" in section
    assert "tv, total" in section
    assert "tv, direct" not in section
    assert "facebook, direct" in section
    assert "roas" not in section
    assert "carryover of facebook, tiktok, google and tv" in section
    assert "< 0" in section
    assert "No effect is determined by the prior" in Page(panel_page).text


def test_channels_that_cannot_be_distinguished_are_named(mediated_page, panel_page):
    text, other = Page(mediated_page).text, Page(panel_page).text
    section = text[text.rindex("What the data can't distinguish") :]
    assert section.count("The data can't tell facebook from tiktok.") == 1
    assert "acting on google" in section
    assert "Nothing stands out" in other
    assert "can't tell facebook" not in other


def test_a_panel_without_mediation_does_not_speak_of_it(panel_page):
    text = Page(panel_page).text
    assert "3 units" in text
    assert "mediation" not in text.replace("no_mediation", "")
    assert "shared out in proportion" in text


def test_the_baseline_has_its_band_where_a_run_saved_it(panel_page, panel_run, tmp_path):
    assert "the revenue expected without any media, with its 90% band" in Page(panel_page).text
    folder = shutil.copytree(panel_run, tmp_path / "run")
    effects = read_tree(folder / "effects.nc")
    effects["weekly"] = xr.DataTree(effects["weekly"].to_dataset().drop_vars("summed_baseline"))
    (folder / "effects.nc").unlink()
    effects.to_netcdf(folder / "effects.nc", engine="h5netcdf")
    text = Page(render(folder).read_text("utf-8")).text
    assert "Decomposition of the expected revenue of each week" in text
    assert "expected without any media" not in text


def test_stated_priors_stand_beside_the_default_ones(mediated_page, panel_page):
    table = mediated_page[
        mediated_page.index('aria-label="Stated priors beside the default ones"') :
    ]
    rows = [
        re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row)
        for row in re.findall(r"<tr>(.*?)</tr>", table[: table.index("</table>")], re.DOTALL)
    ]
    assert rows[1:] == [
        ["all media together, share of the outcome", "q05 = 0.05, q95 = 0.3", "5% to 30%",
         "2.1% to 72%"],
        ["own return (ROAS), tv", "Gamma(alpha = 2, beta = 1)", "0.36 to 4.74", "–"],
    ]  # fmt: skip
    assert "Stated priors" not in Page(panel_page).text


def test_hostile_names_are_text(mediated_run, tmp_path, monkeypatch):
    # The first figure carries the name as well as all of them do.
    monkeypatch.setattr(run_page, "pictures", lambda run: islice(pictures(run), 1))
    folder = shutil.copytree(mediated_run, tmp_path / "run")
    record = json.loads((folder / "run.json").read_text())
    evil = "<script>alert('x')</script>"
    record["description"]["outcome"] = evil
    record["command"] = record["data_file"] = f'"><img src=x onerror=1>{evil}$x_'
    (folder / "run.json").write_text(json.dumps(record))
    page = render(folder).read_text("utf-8")
    assert page.count("<script") == 1  # the page's own
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page


def test_effects_that_may_change_are_shown_and_said(mediated_run, tmp_path):
    folder = shutil.copytree(mediated_run, tmp_path / "run")
    names = changing(folder)
    page = Page(render(folder).read_text("utf-8"))
    assert f"{names[0]} lost effect: in the last quarter of the weeks" in page.text
    assert "was 50% (90% interval 30% to 70%) of that in the first" in page.text
    assert f"{names[1]} gained effect" in page.text
    assert f"The data do not show that {names[2]} changed" in page.text
    shown = {attrs.get("id") for tag, attrs in page.tags if tag == "figure"}
    assert {"figure-effect-over-time", "figure-return-over-time"} <= shown
    assert "does not change over time" not in page.text


def test_a_run_with_little_in_it(panel_run, tmp_path):
    folder = shutil.copytree(panel_run, tmp_path / "run")
    tree = xr.load_datatree(folder / "posterior.nc", engine="h5netcdf")
    for name in ("prior", "predictions", "predictions_observed"):
        del tree[name]
    (folder / "posterior.nc").unlink()
    tree.to_netcdf(folder / "posterior.nc", engine="h5netcdf")
    effects = read_tree(folder / "effects.nc")
    for name in ("controls", "prior", "identifiability"):
        del effects[name]
    (folder / "effects.nc").unlink()
    effects.to_netcdf(folder / "effects.nc", engine="h5netcdf")
    (folder / "diagnostics.json").write_text("{}")
    text = Page(render(folder).read_text("utf-8")).text
    assert "too short to hold weeks out" in text
    assert "it has no verdict" in text
    assert "FAIL" in text


def test_incomplete_folders_are_refused(tmp_path, mediated_run):
    with pytest.raises(InputError, match="not a finished run"):
        render(tmp_path / "none")
    with pytest.raises(InputError, match=r"lacks posterior\.nc, effects\.nc"):
        render(tmp_path)
    folder = shutil.copytree(mediated_run, tmp_path / "run")
    (folder / "posterior.nc").write_text("no")
    with pytest.raises(InputError, match="can't be read"):
        render(folder)


def test_a_page_is_made_without_a_sampler(mediated_run):
    script = (
        "import sys\nfrom pathlib import Path\nfrom mmm_bayes.report import render\n"
        "render(Path(sys.argv[1]))\n"
        "print(sorted({'pymc', 'pytensor', 'nutpie', 'numba'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(mediated_run)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"


def test_names_with_commas(tmp_path):
    """Labels of units and channels that would be the same with a plain comma between them."""
    market = Market(mediated=False, units=["Portland", "Portland, OR", "OR"], link="identity")
    scalars = scalar_draws(market.positive("unit", "channel", median=1.0))
    assert len(set(scalars["where"].values)) == scalars.sizes["where"]
    assert '"Portland, OR", tv' in scalars["where"].values
    page = render(market.save(tmp_path / "run"))
    assert (page.parent / "figures" / "units.png").is_file()
