"""The report of a run with a channel without spend, prices that change, and interactions."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from synthetic import read_tree

from mmm_bayes.report import render
from mmm_bayes.report.interactions import interaction_sentences
from mmm_bayes.report.run import read

ROWS = [
    ("deal", "promotion", "price", "low", 18.2, "lift", 12.0, 8.0, 15.0),
    ("deal", "promotion", "price", "high", 22.9, "lift", 4.0, 1.0, 7.0),
    ("deal", "promotion", "price", "high less low", np.nan, "lift", -8.0, -11.0, -5.0),
    ("deal", "price", "promotion", "off", 0.0, "elasticity", -1.5, -1.8, -1.2),
    ("deal", "price", "promotion", "on", 1.0, "elasticity", -1.6, -2.0, -1.2),
    ("deal", "price", "promotion", "on less off", np.nan, "elasticity", -0.1, -0.4, 0.2),
    ("mail", "tv", "promotion", "off", 0.0, "per_exposure", 0.7, 0.5, 0.9),
    ("mail", "tv", "promotion", "on", 1.0, "per_exposure", 1.6, 1.2, 2.0),
    ("mail", "tv", "promotion", "on less off", np.nan, "per_exposure", 0.9, 0.5, 1.3),
    ("wave", "facebook", "season", "mid-May", np.nan, "roas", 2.0, 1.5, 2.5),
    ("wave", "facebook", "season", "mid-November", np.nan, "roas", 3.0, 2.5, 3.5),
    ("wave", "facebook", "season", "mid-May less mean", np.nan, "roas", -0.5, -1.1, 0.1),
    ("wave", "facebook", "season", "mid-November less mean", np.nan, "roas", 0.5, 0.1, 0.9),
    ("none", "tiktok", "price", "low", 18.2, "roas", 0.0, 0.0, 0.0),
    ("none", "tiktok", "price", "high", 22.9, "roas", 0.0, 0.0, 0.0),
    ("none", "tiktok", "price", "high less low", np.nan, "roas", 0.0, 0.0, 0.0),
]  # fmt: skip
NAMES = ["interaction", "of", "at", "level", "value", "quantity", "mean", "lower", "upper"]


@pytest.fixture(scope="module")
def folder(mediated_run, tmp_path_factory):
    run = shutil.copytree(mediated_run, tmp_path_factory.mktemp("owned") / "run")
    record = json.loads((run / "run.json").read_text())
    record["description"]["channels"]["tv"] = {"spend": None, "exposure": "spots", "role": "owned"}
    record["description"]["channels"]["facebook"]["exposure"] = "views"
    record["profile_notes"] = ["no spend: tv; such a channel has an effect and no return on money."]
    (run / "run.json").write_text(json.dumps(record))
    estimands = pd.read_csv(run / "estimands.csv")
    returns = estimands["estimand"].isin(["roas", "mroas"]) & estimands["channel"].eq("tv")
    estimands[~returns].to_csv(run / "estimands.csv", index=False)
    pd.DataFrame(ROWS, columns=NAMES).to_csv(run / "interactions.csv", index=False)

    effects = read_tree(run / "effects.nc")
    response = effects["response"].to_dataset()
    measure = ("channel", ["spend", "spend", "spend", "spots"])
    effects["response"] = xr.DataTree(response.assign_coords(measure=measure))
    tree = xr.load_datatree(run / "posterior.nc", engine="h5netcdf")
    data = tree["constant_data"].to_dataset()
    price = 5 + np.sin(np.arange(data.sizes["time"]) / 6)
    exposure = data["exposure"].copy(deep=True)
    exposure.loc[{"channel": "facebook"}] = (
        1000 * data["spend"].sel(channel="facebook") / price[:, None]
    ).values
    spend = data["spend"].copy(deep=True)
    spend.loc[{"channel": "tv"}] = 0.0
    tree["constant_data"] = xr.DataTree(data.assign(spend=spend, exposure=exposure))
    cpm = xr.DataArray(
        price[:, None, None], dims=("time", "unit", "channel"),
        coords={"time": data["time"], "unit": ["all"], "channel": ["facebook"]},
    )  # fmt: skip
    cpm[10:13] = np.nan
    effects["cpm"] = xr.DataTree(cpm.to_dataset(name="cpm"))
    for name, changed in (("effects.nc", effects), ("posterior.nc", tree)):
        (run / name).unlink()
        changed.to_netcdf(run / name, engine="h5netcdf")
    return run


@pytest.fixture(scope="module")
def text(folder):
    page = render(folder).read_text("utf-8")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_channel_without_spend_has_no_return(text):
    assert "It has no spend, and so no return on money." in text
    effects = text[text.rindex("marginal ROAS") : text.rindex("Causal graph")]
    assert re.search(r" tv .* no spend no spend", effects)
    assert effects.count("no spend") == 2
    data = text[text.rindex("mean when on") :][:600]
    assert re.search(r"tv owned no spend – [\d,.]+ spots", data)
    assert "Notes: no spend: tv; such a channel" in text


def test_prices_have_their_sentence_and_figure(text, folder):
    cost = re.search(r"facebook: 1,000 views cost ([\d.]+) over all weeks .*?10 weeks\.", text)
    assert cost
    assert 4 < float(cost[1]) < 6
    assert (folder / "figures" / "prices.png").exists()


def test_a_run_without_moving_prices_has_no_such_figure(mediated_report):
    page = mediated_report.read_text("utf-8")
    assert "Cost of exposure" not in page
    assert 'id="interactions"' not in page


def test_sentences_follow_the_intervals(folder):
    promotion, price, mail, wave, none = interaction_sentences(read(folder))
    assert promotion == (
        "Effect of promotion on revenue when on: price low (18.2), 12.0% (90% interval 8.0% to "
        "15.0%); price high (22.9), 4.0% (90% interval 1.0% to 7.0%). The difference is −8.0% (90% "
        "interval −11.0% to −5.0%), which excludes 0: the effect of promotion depends on price."
    )
    assert "Effect on revenue of 1% more of price: promotion off, −1.50%" in price
    assert (
        "contains 0: this table does not show that promotion changes the effect of price" in price
    )
    assert "Direct effect on revenue of a unit of spots (tv): promotion off" in mail
    assert "excludes 0: the effect of tv depends on promotion." in mail
    assert wave.endswith(
        "The 90% interval of the difference from their mean excludes 0 in mid-November (more)."
    )
    assert none == (
        "This model gives tiktok no direct effect, so there is none that price could change."
    )


def test_the_table_has_every_level(text):
    section = text[text.rindex("Effects at different levels of another variable") :]
    for entry in (
        "promotion, when on",
        "price, for +1%",
        "tv, per unit of spots",
        "facebook, per unit of money",
        "price low (18.2)",
        "high less low",
        "mid-May",
    ):
        assert entry in section  # fmt: skip
