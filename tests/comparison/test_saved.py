"""The ranking from saved draws is that of the comparison without refits."""

import json

import pandas as pd
import pytest

from mmm_bayes.comparison import compare
from mmm_bayes.comparison.runs import read_runs
from mmm_bayes.comparison.saved import rank_saved_runs
from mmm_bayes.errors import InputError


def test_it_is_the_comparison_without_refits(good, same, poor, tmp_path):
    folders = [good, same, poor]
    expected = compare(folders, tmp_path / "out", refits=0, say=lambda _: None)
    ranking = rank_saved_runs(read_runs(folders))
    pd.testing.assert_frame_equal(ranking.table[list(expected.columns)], expected)
    record = json.loads((tmp_path / "out" / "compare.json").read_text("utf-8"))
    assert list(ranking.message) == record["sentences"]
    assert list(ranking.notes) == record["notes"]


def test_other_tables_are_refused(good, market, saved):
    other = saved("other", market.tree(range(5), draws=10), data_sha256="01" * 32)
    with pytest.raises(InputError, match="fitted to different data"):
        rank_saved_runs(read_runs([good, other]))
