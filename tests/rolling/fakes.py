"""What a window's fit would leave, without any fit: numbers that its place alone decides."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm_bayes.estimands import STATISTICS
from mmm_bayes.rolling.subsets import COLUMNS
from mmm_bayes.rolling.windows import CHECKED, QUANTITIES

SAMPLES = 50


def fake_window(plan: Any, piece: int) -> xr.Dataset:
    """As `fit_window` gives it for a window of the plan."""
    rng = np.random.default_rng(piece)
    data, split = plan.dataset.data, plan.splits[piece]
    units, channels = [str(u) for u in data["unit"].values], list(plan.dataset.channels)
    shown = units if len(units) == 1 else [*units, "all"]
    coords = {"unit": shown, "channel": channels, "statistic": list(STATISTICS)}
    made = xr.Dataset(coords=coords)
    for name in QUANTITIES:
        draws = rng.gamma(20.0, 1.0 + piece, (SAMPLES, len(shown), len(channels)))
        made[name] = (("sample", "unit", "channel"), draws.astype(np.float32))
        lower, median, upper = np.quantile(draws, [0.05, 0.5, 0.95], axis=0)
        made[f"{name}_summary"] = (
            ("statistic", "unit", "channel"),
            np.stack([draws.mean(0), median, draws.std(0), lower, upper]),
        )
    if split.test.stop > split.test.start:
        observed = data["outcome"].values[split.test]
        if len(units) > 1:
            observed = np.concatenate([observed, observed.sum(1, keepdims=True)], 1)
        noise = rng.lognormal(0, 0.1, (SAMPLES, *observed.shape))
        made["prediction"] = (("sample", "horizon", "unit"), (observed * noise).astype(np.float32))
        made["observed"] = (("horizon", "unit"), observed)
        made = made.assign_coords(horizon=np.arange(1, len(observed) + 1))
    days = data["time"].values[[split.train.start, split.train.stop - 1]]
    made.attrs = {
        "window_start": str(days[0])[:10],
        "window_end": str(days[1])[:10],
        "sampling_seconds": 0.1,
        "verdict": "pass",
        "reasons": "",
    } | dict.fromkeys(CHECKED, 1.0)
    return made


def fake_subsets(plan: Any) -> pd.DataFrame:
    """As `subsets` gives it, for the first control."""
    units = [str(unit) for unit in plan.dataset.data["unit"].values]
    rows = [
        ("promotion", subset, 10, unit, channel, estimand, mean, mean, 1.0, mean - 2, mean + 2)
        for subset, mean in (("off", 10.0), ("on", 12.0), ("difference", 2.0))
        for unit in (units if len(units) == 1 else [*units, "all"])
        for channel in plan.dataset.channels
        for estimand in ("total", "direct", "indirect")
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def fake_roll(place: Path, *, units: int) -> Path:
    """The folder of a finished job of five windows in `place`."""
    from builds import description, table, write

    from mmm_bayes.rolling import job

    data = write(place / "data", table(units=units), description(units=units))
    plan = job.plan_for("partial_mediation", data, window=26, step=1, horizon=2)

    def work(plan: Any, cores: Any, piece: Any) -> Any:
        return fake_subsets(plan) if isinstance(piece, str) else fake_window(plan, piece)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "work", work)
        return job.roll(plan, place / "out", say=lambda _: None)
