"""Returns of a channel that spends nothing, for a whole panel and in one of its units."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from builds import CHANNELS, Built, with_column

from mmm_bayes.counterfactual import world
from mmm_bayes.design import arrange
from mmm_bayes.estimands import channel_effects, table
from mmm_bayes.sampling import Compiled, follow


def without_tv(built: Built, units: list[int]) -> Built:
    """The same draws on a table in which some units never use television."""
    data = built.design.dataset
    spend = data.data["spend"].values.copy()
    spend[:, units, CHANNELS.index("tv")] = 0.0
    changed = with_column(with_column(data, "spend", spend), "exposure", spend)
    changed = with_column(changed, "exposure", np.where(spend == 0, 0.0, data.data["exposure"]))
    design = arrange(changed, built.design.form, built.design.scaling)
    draws = follow(Compiled(built.model, None, 0.0), design, built.free)
    return replace(built, design=design, draws=draws)


def test_no_spend_no_return(build: Callable[..., Built]) -> None:
    built = without_tv(build("partial_mediation"), [0])
    # What earlier, unknown weeks carried in is not the table's spend: take it away too.
    lags = built.design.arrays["exposure_lags"].copy()
    lags[:, :, CHANNELS.index("tv")] = 0.0
    design = replace(built.design, arrays=built.design.arrays.assign(exposure_lags=lags))
    draws = follow(Compiled(built.model, None, 0.0), design, built.free)
    rows = table(channel_effects(world(built.model, design, draws)).draws)
    tv = rows[rows["channel"] == "tv"].set_index("estimand")
    assert set(tv.index) == {"total", "direct", "indirect", "contribution_share"}
    assert (tv.loc[["total", "direct", "indirect"], ["mean", "lower", "upper"]] == 0).all(axis=None)
    others = rows[rows["channel"] != "tv"]
    assert (others.groupby("channel").size() == 6).all()


def test_one_unit_without_spend_leaves_the_other_and_the_sum(build: Callable[..., Built]) -> None:
    built = without_tv(build("direct", link="log", units=2), [1])
    effects = channel_effects(world(built.model, built.design, built.draws)).draws
    rows = table(effects)
    tv = rows[(rows["channel"] == "tv") & (rows["estimand"] == "roas")]
    assert list(tv["unit"]) == ["r0", "all"]
    spend = built.design.dataset.data["spend"].sel(channel="tv").values.sum()
    total = effects["total"].sel(unit="all", channel="tv")
    np.testing.assert_allclose(effects["roas"].sel(unit="all", channel="tv"), total / spend)
