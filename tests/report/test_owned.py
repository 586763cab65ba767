"""The report of a run with a channel that costs nothing, prices that move, and interactions."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr

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
    made = shutil.copytree(mediated_run, tmp_path_factory.mktemp("owned") / "run")
    record = json.loads((made / "run.json").read_text())
    record["description"]["channels"]["tv"] = {"spend": None, "exposure": "spots", "role": "owned"}
    record["description"]["channels"]["facebook"]["exposure"] = "views"
    record["profile_notes"] = ["no spend: tv; such a channel has an effect and no return on money."]
    (made / "run.json").write_text(json.dumps(record))
    estimands = pd.read_csv(made / "estimands.csv")
    returns = estimands["estimand"].isin(["roas", "mroas"]) & estimands["channel"].eq("tv")
    estimands[~returns].to_csv(made / "estimands.csv", index=False)
    pd.DataFrame(ROWS, columns=NAMES).to_csv(made / "interactions.csv", index=False)

    effects = xr.load_datatree(made / "effects.nc", engine="h5netcdf")
    response = effects["response"].to_dataset()
    measure = ("channel", ["spend", "spend", "spend", "spots"])
    effects["response"] = xr.DataTree(response.assign_coords(measure=measure))
    tree = xr.load_datatree(made / "posterior.nc", engine="h5netcdf")
    data = tree["constant_data"].to_dataset()
    price = 5 + np.sin(np.arange(data.sizes["time"]) / 6)
    seen = data["exposure"].copy(deep=True)
    seen.loc[{"channel": "facebook"}] = (
        1000 * data["spend"].sel(channel="facebook") / price[:, None]
    ).values
    spend = data["spend"].copy(deep=True)
    spend.loc[{"channel": "tv"}] = 0.0
    tree["constant_data"] = xr.DataTree(data.assign(spend=spend, exposure=seen))
    cpm = xr.DataArray(
        price[:, None, None], dims=("time", "unit", "channel"),
        coords={"time": data["time"], "unit": ["all"], "channel": ["facebook"]},
    )  # fmt: skip
    cpm[10:13] = np.nan
    effects["cpm"] = xr.DataTree(cpm.to_dataset(name="cpm"))
    for name, changed in (("effects.nc", effects), ("posterior.nc", tree)):
        (made / name).unlink()
        changed.to_netcdf(made / name, engine="h5netcdf")
    return made


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
    assert "To know of it: no spend: tv; such a channel" in text


def test_prices_have_their_sentence_and_figure(text, folder):
    said = re.search(r"facebook: 1,000 views cost ([\d.]+) over all weeks .*?10 weeks\.", text)
    assert said
    assert 4 < float(said[1]) < 6
    assert (folder / "figures" / "prices.png").exists()


def test_a_run_without_moving_prices_has_no_such_figure(mediated_report):
    page = mediated_report.read_text("utf-8")
    assert "What exposure cost" not in page
    assert 'id="interactions"' not in page


def test_sentences_follow_the_intervals(folder):
    promotion, price, mail, wave, none = interaction_sentences(read(folder))
    assert promotion == (
        "What promotion moves revenue by: price low (18.2), 12.0% (90% interval 8.0% to 15.0%); "
        "price high (22.9), 4.0% (90% interval 1.0% to 7.0%). The difference is −8.0% (90% "
        "interval −11.0% to −5.0%), which excludes 0: what promotion does depends on price."
    )
    assert "What 1% more of price moves revenue by: promotion off, −1.50%" in price
    assert "contains 0: this table does not show that promotion changes what price does" in price
    assert "What a unit of spots (tv) brings of revenue by its own path: promotion off" in mail
    assert "excludes 0: what tv does depends on promotion." in mail
    assert wave.endswith("Told from their mean, by 90% intervals: mid-November (more).")
    assert none == (
        "This model gives tiktok no effect of its own, so price can change nothing of it."
    )


def test_the_table_has_every_level(text):
    section = text[text.rindex("What an effect is at one level") :]
    for said in (
        "promotion, when on",
        "price, for +1%",
        "tv, per unit of spots",
        "facebook, per unit of money",
        "price low (18.2)",
        "high less low",
        "mid-May",
    ):
        assert said in section  # fmt: skip
