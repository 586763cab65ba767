"""What is read from saved draws is what the comparison says without refits."""

import json

import pandas as pd
import pytest

from mmm_bayes.comparison import compare
from mmm_bayes.comparison.loading import read
from mmm_bayes.comparison.saved import from_saved
from mmm_bayes.errors import InputError


def test_it_is_the_comparison_without_refits(good, same, poor, tmp_path):
    folders = [good, same, poor]
    expected = compare(folders, tmp_path / "out", refits=0, say=lambda _: None)
    found = from_saved(read(folders))
    pd.testing.assert_frame_equal(found.table[list(expected.columns)], expected)
    told = json.loads((tmp_path / "out" / "compare.json").read_text("utf-8"))
    assert list(found.says) == told["sentences"]
    assert list(found.notes) == told["notes"]


def test_other_tables_are_refused(good, market, saved):
    other = saved("other", market.tree(range(5), draws=10), data_sha256="01" * 32)
    with pytest.raises(InputError, match="fitted to different data"):
        from_saved(read([good, other]))
