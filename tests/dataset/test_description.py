"""What a description may say, and the sentence for everything it may not."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pydantic
import pytest

from mmm_bayes.dataset import Description, describe
from mmm_bayes.errors import InputError


def refused(market: Any, match: str, **changes: Any) -> None:
    path = market.write_description({"file": "weekly.csv"} | market.description | changes)
    with pytest.raises(InputError, match=match) as caught:
        describe(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_defaults_are_the_documented_ones(market):
    found = describe(market.write())
    calendar, model = found.calendar, found.model
    assert (calendar.fourier, calendar.trend, calendar.holidays) == (2, "linear", None)
    assert (model.link, model.likelihood, model.max_lag) == ("identity", "normal", 13)
    assert found.channels["search"].role == "media"
    assert found.controls["price"].transform == "log"


def test_order_of_channels_is_kept(market):
    assert list(describe(market.write()).channels) == ["social", "search"]


def test_a_description_survives_json(market):
    market.description["priors"] = {"adstock_alpha": {"dist": "Beta", "alpha": 2, "beta": 2.5}}
    found = describe(market.write())
    assert found.priors["adstock_alpha"].parameters == {"alpha": 2.0, "beta": 2.5}
    assert Description.model_validate_json(found.model_dump_json()) == found


def test_a_description_is_frozen(market):
    found = describe(market.write())
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        found.outcome = "price"
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        found.channels["search"].spend = "price"


@pytest.mark.parametrize(
    "changes,match",
    [
        ({"calender": {}}, r"unknown key 'calender' \(did you mean 'calendar'\?\); allowed here: "),
        ({"outcome": 3}, "outcome is 3; it should be a valid string"),
        ({"outcome": ""}, "outcome is ''; it should have at least 1 char"),
        ({"channels": {}}, "channels is empty; name at least one"),
        ({"channels": 3}, r"channels is 3; it must be a table of keys, such as \[channels\]"),
        ({"channels": {"a": {"spnd": "x"}}}, r"unknown key 'channels.a.spnd' .*'spend'\?"),
        ({"channels": {"a": {"role": "x"}}}, "key 'channels.a.spend' is missing; add it"),
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
        ({"mediation": {"mediator": "serch", "causes": ["social"]}}, r"'serch', not a channel .*'"),
        ({"mediation": {"mediator": "search", "causes": []}}, "mediation.causes is empty"),
        ({"mediation": {"mediator": "search", "causes": "social"}}, "it must be a list of names"),
        ({"mediation": {"mediator": "search", "causes": ["search"]}}, "among its own causes"),
        ({"mediation": {"mediator": "search", "causes": ["social"] * 2}}, "more than once"),
        (
            {"controls": {"p": {"column": "search_spend"}}},
            "column 'search_spend' is used twice, as",
        ),
        ({"controls": {"search": {"column": "price"}}}, "names both a channel and a control"),
        ({"controls": {"p": {"column": "price", "transform": "sqrt"}}}, "allowed: 'none', 'log', "),
        ({"unit": "week"}, "column 'week' is used twice, as date and as unit"),
        ({"priors": {"beta": {"mu": 0}}}, "key 'priors.beta.dist' is missing"),
        (
            {"priors": {"beta": {"dist": "Normal", "mu": "0"}}},
            "priors.beta.mu is '0'; it should be",
        ),
    ],
)
def test_refusals(market, changes, match):
    refused(market, match, **changes)


def test_the_exposure_of_one_channel_is_not_the_spend_of_another(market):
    market.description["channels"]["search"]["exposure"] = "social_spend"
    refused(market, "column 'social_spend' is used twice")


def test_missing_description(tmp_path):
    with pytest.raises(InputError, match=r"absent.toml: no such file"):
        describe(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    "content,match", [(b"date = ", "not valid TOML"), (b"\xff\xfe", "not UTF-8 text")]
)
def test_unreadable_description(tmp_path, content, match):
    (tmp_path / "x.toml").write_bytes(content)
    with pytest.raises(InputError, match=match):
        describe(tmp_path / "x.toml")


def test_a_description_costs_no_pandas():
    code = "import sys, mmm_bayes.dataset.description; print('pandas' in sys.modules)"
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert ran.stdout == "False\n", ran.stderr
