"""Valid descriptions, and the error message of each invalid one."""

import subprocess
import sys
from typing import Any

import pydantic
import pytest
from places import ROOT

from mmm_bayes.data import Description, read_description
from mmm_bayes.errors import InputError


def refused(market: Any, match: str, **changes: Any) -> None:
    path = market.write_description({"file": "weekly.csv"} | market.description | changes)
    with pytest.raises(InputError, match=match) as error:
        read_description(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_defaults_are_the_documented_ones(market):
    described = read_description(market.write())
    calendar, model = described.calendar, described.model
    assert (calendar.fourier, calendar.trend, calendar.holidays) == (2, "linear", None)
    assert (model.link, model.likelihood, model.max_lag) == ("identity", "normal", 13)
    assert described.channels["search"].role == "media"
    assert described.controls["price"].transform == "log"


def test_order_of_channels_is_kept(market):
    assert list(read_description(market.write()).channels) == ["social", "search"]


def test_a_description_survives_json(market):
    market.description["priors"] = {"adstock_alpha": {"dist": "Beta", "alpha": 2, "beta": 2.5}}
    described = read_description(market.write())
    assert described.priors["adstock_alpha"].parameters == {"alpha": 2.0, "beta": 2.5}
    assert Description.model_validate_json(described.model_dump_json()) == described


def test_a_description_is_frozen(market):
    described = read_description(market.write())
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        described.outcome = "price"
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        described.channels["search"].spend = "price"


@pytest.mark.parametrize(
    "changes,match",
    [
        ({"calender": {}}, r"unknown key 'calender' \(did you mean 'calendar'\?\); allowed here: "),
        ({"outcome": 3}, "outcome is 3; it should be a valid string"),
        ({"outcome": ""}, "outcome is ''; it should have at least 1 char"),
        ({"channels": {}}, "channels is empty; name at least one"),
        ({"channels": 3}, r"channels is 3; it must be a table of keys, such as \[channels\]"),
        ({"channels": {"a": {"spnd": "x"}}}, r"unknown key 'channels.a.spnd' .*'spend'\?"),
        ({"channels": {"a\nb": {"spend": "x"}}}, r"'a\\nb' cannot be shown as a name; leave out"),
        ({"channels": {"nul\0": {"spend": "x"}}}, r"'nul\\x00' cannot be shown as a name"),
        ({"controls": {" a": {"column": "x"}}}, "' a' cannot be shown as a name.* spaces at its"),
        (
            {"channels": {"a": {"role": "x"}}},
            "channels.a: names neither a spend nor an exposure; add spend, or exposure alone for",
        ),
        ({"duplicates": "max"}, "duplicates is 'max'; allowed: 'error', 'sum' or 'mean'"),
        (
            {"units": ["A"]},
            "units selects units of a panel, but no column of units is named; add u",
        ),
        ({"unit": "region", "units": []}, "units is empty; name at least one"),
        ({"unit": "region", "units": ["A", "A"]}, "units names 'A' more than once; name each unit"),
        ({"unit": "region", "units": "A"}, "units is 'A'; it must be a list of names"),
        ({"calendar": {"fourier": -1}}, "calendar.fourier is -1; it should be greater than or eq"),
        ({"calendar": {"fourier": True}}, "calendar.fourier is True; it should be a valid integer"),
        (
            {"calendar": {"trend": "cubic"}},
            "trend is 'cubic'; allowed: 'none', 'linear', 'quadratic' or 'ch",
        ),
        ({"calendar": {"holidays": "QQ"}}, "calendar.holidays: 'QQ' is not a country code"),
        ({"model": {"link": "logit"}}, "model.link is 'logit'; allowed: 'identity' or 'log'"),
        ({"model": {"max_lag": 0}}, "model.max_lag is 0; it should be greater than or equal to 1"),
        ({"model": {"max_lag": 0, "lnk": 1}}, r"unknown key 'model.lnk'.* \(and 1 more problem\)"),
        ({"mediators": {"serch": {"causes": ["social"]}}}, r"'serch', which is not a channel .*'"),
        ({"mediators": {"search": {"causes": []}}}, "mediators.search.causes is empty"),
        ({"mediators": {"search": {"causes": "social"}}}, "it must be a list of names"),
        ({"mediators": {"search": {"causes": ["search"]}}}, "among its own causes"),
        ({"mediators": {"search": {"causes": ["social"] * 2}}}, "more than once"),
        (
            {"mediators": {"search": {"causes": ["social"]}, "social": {"causes": ["search"]}}},
            "only one is modelled",
        ),
        (
            {"mediation": {"mediator": "search", "causes": ["social"]}},
            r"\[mediation\] is now \[mediators.search\] with causes",
        ),
        (
            {"controls": {"p": {"column": "search_spend"}}},
            "column 'search_spend' is used twice, as",
        ),
        ({"controls": {"search": {"column": "price"}}}, "names both a channel and a control"),
        ({"controls": {"p": {"column": "price", "transform": "sqrt"}}}, "allowed: 'none', 'log', "),
        ({"unit": "week"}, "column 'week' is used twice, as date and as unit"),
        (
            {"priors": {"beta": {"mu": 0}}},
            "priors.beta: is neither a distribution nor a pair of quantiles; state dist",
        ),
        (
            {"priors": {"beta": {"dist": "Normal", "mu": "0"}}},
            "priors.beta.mu is '0'; it should be",
        ),
    ],
)
def test_refusals(market, changes, match):
    refused(market, match, **changes)


INTERACTING = {
    "channels": {
        "search": {"spend": "search_spend"},
        "social": {"spend": "social_spend"},
        "email": {"exposure": "emails"},
    },
    "controls": {"price": {"column": "price"}, "promotion": {"column": "promotion"}},
}


@pytest.mark.parametrize(
    "between,match",
    [
        (["price", "promotoin"], r"\[interactions.a\] names 'promotoin', which is neither a "
         r"channel nor a control \(did you mean 'promotion'\?\); they are search, social, email, "
         "price, promotion, and 'season' for the calendar's season"),
        (["price", "price"], "interactions.a.between: 'price' cannot interact with itself; give"),
        (["price"], "interactions.a.between: has 1 name; an interaction is between two"),
        (["price", "email", "search"], "interactions.a.between: has 3 names; an interaction is"),
        (["search", "email"], "is between two channels, search and email, which a table of this "),
        (["season", "price"], "is between a control and 'season'; only a channel can interact"),
        ("price", "interactions.a.between is 'price'; it must be a list of names"),
    ],
)  # fmt: skip
def test_refusals_of_interactions(market, between, match):
    refused(market, match, **INTERACTING, interactions={"a": {"between": between}})


def test_a_pair_interacts_once(market):
    twice = {"a": {"between": ["price", "email"]}, "b": {"between": ["email", "price"]}}
    refused(
        market, r"\[interactions.b\] is between email and price, as is \[interactions.a\]; ",
        **INTERACTING, interactions=twice,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["price", "email"])
def test_an_interaction_has_a_name_of_its_own(market, name):
    refused(
        market, rf"\[interactions.{name}\] has the name of a channel or control; rename it",
        **INTERACTING, interactions={name: {"between": ["price", "promotion"]}},
    )  # fmt: skip


def test_a_season_needs_fourier_pairs_and_its_name(market):
    by_season = {"a": {"between": ["email", "season"]}}
    refused(
        market, "needs a season, but calendar.fourier is 0; set it to 1 or more",
        **INTERACTING, interactions=by_season, calendar={"fourier": 0},
    )  # fmt: skip
    controls = {"season": {"column": "price"}}
    refused(
        market,
        "'season', which stands for the calendar's season but is also the name of a .*; rename",
        **INTERACTING | {"controls": controls}, interactions=by_season,
    )  # fmt: skip


def test_the_calendars_columns_keep_their_names(market):
    refused(
        market, "'trend' names both a column of the calendar and a control; rename the control",
        controls={"trend": {"column": "price"}},
    )  # fmt: skip
    refused(
        market, "'season_sin_2' names both a column of the calendar and an interaction",
        **INTERACTING, interactions={"season_sin_2": {"between": ["price", "promotion"]}},
    )  # fmt: skip
    controls = {"trend": {"column": "price"}, "holidays": {"column": "sales_days"}}
    path = market.write_description(
        {"file": "weekly.csv"} | market.description
        | {"controls": controls, "calendar": {"trend": "none"}}
    )  # fmt: skip
    assert list(read_description(path).controls) == ["trend", "holidays"]


def test_an_unknown_key_of_an_interaction(market):
    refused(
        market, r"unknown key 'interactions.a.betwen' \(did you mean 'between'\?\); allowed here",
        **INTERACTING, interactions={"a": {"betwen": ["price", "email"]}},
    )  # fmt: skip


def test_kinds_of_interaction(market):
    market.description |= INTERACTING | {
        "interactions": {
            "a": {"between": ["price", "promotion"]},
            "b": {"between": ["promotion", "email"]},
            "c": {"between": ["search", "season"]},
        }
    }
    del market.description["mediators"]
    described = read_description(market.write())
    assert described.products == {"a": ("price", "promotion")}
    assert described.modulations == {"b": ("email", "promotion"), "c": ("search", "season")}
    assert Description.model_validate_json(described.model_dump_json()) == described


def test_the_exposure_of_one_channel_is_not_the_spend_of_another(market):
    market.description["channels"]["search"]["exposure"] = "social_spend"
    refused(market, "column 'social_spend' is used twice")


def test_missing_description(tmp_path):
    with pytest.raises(InputError, match=r"absent.toml: no such file"):
        read_description(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    "content,match", [(b"date = ", "not valid TOML"), (b"\xff\xfe", "not UTF-8 text")]
)
def test_unreadable_description(tmp_path, content, match):
    (tmp_path / "x.toml").write_bytes(content)
    with pytest.raises(InputError, match=match):
        read_description(tmp_path / "x.toml")


def test_a_description_costs_no_pandas():
    code = "import sys, mmm_bayes.data.description; print('pandas' in sys.modules)"
    root = ROOT
    process = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert process.stdout == "False\n", process.stderr
