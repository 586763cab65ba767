"""Sentences and cells of a report."""

import math

import pytest

from mmm_bayes.report.cells import Cell, estimate_cell, make_table, number_cell
from mmm_bayes.report.page import _sort_key
from mmm_bayes.report.sentences import (
    ChannelSummary,
    channel_sentences,
    joint_prior_sentences,
    verdict_sentence,
)
from mmm_bayes.report.tables import score_cell
from mmm_bayes.text import Summary, p_value, percent


def text(**changes):
    known = {
        "name": "facebook", "outcome": "revenue", "total": Summary(120.0, 80.0, 160.0),
        "direct": Summary(100.0, 70.0, 130.0),
        "share": Summary(12.0, 8.0, 16.0),
        "roas": Summary(2.0, 1.4, 2.6),
    }  # fmt: skip
    return " ".join(channel_sentences(ChannelSummary(**{**known, **changes})))


def test_the_effect_comes_first():
    assert text().startswith(
        "It added 120 (90% interval 80 to 160) to revenue, 12.0% of the total; each unit of money "
        "spent returned 2.00 (1.40 to 2.60)."
    )


def test_a_channel_that_is_never_off_begins_with_what_the_table_supports():
    known = {"observed": Summary(40.0, 30.0, 50.0), "less": Summary(-15.0, -20.0, -11.0)}
    assert text(**known, never_off=True).startswith(
        "Above the level of its lowest tenth of weeks, it added 40 (90% interval 30 to 50) "
        "to revenue; 20% less of it would have changed revenue by −15.0 (90% interval −20.0 to "
        "−11.0). Compared with none of it at all, it added 120 (90% interval 80 to 160) to revenue"
    )
    assert text(**known).startswith("It added 120")
    assert text(never_off=True).startswith("Compared with none of it at all, it added 120")
    lost = text(**known | {"observed": Summary(-40.0, -50.0, -30.0)}, never_off=True)
    assert "it took away 40 (90% interval 30 to 50) from revenue" in lost


def test_the_evidence_is_repeated_word_for_word():
    assert "(1.40 to 2.60). No evidence." in text(evidence=("No evidence.",))


def test_limits_are_stated():
    weak = Summary(100.0, 5.0, 200.0)
    assert "the priors allow no negative effect" in text(direct=weak, positive_priors=True)
    assert "the priors allow no negative effect" not in text(direct=weak, positive_priors=False)
    assert "the priors allow no negative effect" not in text(positive_priors=True)
    fixed = text(direct=Summary(0.0, 0.0, 0.0), direct_fixed=True)
    assert "because this model assumes so" in fixed
    assert "never on" in text(total=Summary(0.0, 0.0, 0.0))
    assert "took away 20" in text(total=Summary(-20.0, -40.0, -5.0))


def test_only_the_table_warns():
    assert "model passed" in verdict_sentence("warn", only_data=True)
    assert "model passed" not in verdict_sentence("warn")
    assert "must not be used" in verdict_sentence("fail", only_data=True)


@pytest.mark.parametrize(
    "cell, expected",
    [
        (number_cell(1234567.0), Cell("1.23M", 1234567.0)),
        (number_cell(0.0004, p_value), Cell("< 0.001", 0.0004)),
        (number_cell(0.12, percent, "below"), Cell("12%", 0.12, ("below",))),
        (score_cell("elpd_loo", -1687.38), Cell("−1,687.4", -1687.38)),
        (score_cell("elpd_loo_se", 8.312), Cell("8.3", 8.312)),
        (score_cell("coverage_90", 0.912), Cell("91%", 0.912)),
        (score_cell("rmse", 1687.38), Cell("1.69k", 1687.38)),
        (score_cell("r2", None), Cell("–")),
        (number_cell(None), Cell("–")),
        (number_cell(math.nan), Cell("–")),
        (estimate_cell(Summary(5.61, 3.9, 7.2), unit="%"), Cell("5.6%", 5.61, ("3.9% to 7.2%",))),
        (estimate_cell(Summary(0.0, 0.0, 0.0)), Cell("0", 0.0)),
        (estimate_cell(Summary(math.nan, 0.0, 0.0)), Cell("–")),
    ],
)
def test_cells_carry_their_number(cell, expected):
    assert cell == expected


@pytest.mark.parametrize(
    "prior, data, driven, expected",
    [
        (0.2, 0.1, True, ["The prior influences the effect of all media together (sensitivity 0.20 "
                          "to the prior, 0.10 to the data) more than the data do."]),
        (0.01, 0.02, True, ["The data say little about the effect of all media together "
                            "(sensitivity 0.01 to the prior, 0.02 to the data)."]),
        (0.04, 0.1, False, []),
    ],
)  # fmt: skip
def test_the_joint_effect_is_said_to_rest_on_the_prior(prior, data, driven, expected):
    record = {"estimand": "total", "prior": prior, "likelihood": data, "prior_driven": driven}
    records = [record | {"channel": "all_media"}, record | {"channel": "tv", "prior_driven": True}]
    assert joint_prior_sentences(records) == expected


def test_words_are_cells_without_a_number():
    table = make_table(("channel", "spent"), [["tv", number_cell(3.0)]])
    assert table.rows == ((Cell("tv"), Cell("3", 3.0)),)


@pytest.mark.parametrize(
    "value, key", [(None, None), (-1.5, "-1.5"), (0, "0.0"), (math.inf, "Infinity"),
                   (-math.inf, "-Infinity")],
)  # fmt: skip
def test_sort_keys_are_numbers_of_javascript(value, key):
    assert _sort_key(Cell("x", value)) == key
