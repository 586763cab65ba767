"""Results of fake fits of windows: random numbers that depend only on the window's position."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm_bayes.estimands import STATISTICS
from mmm_bayes.studies.rolling.subsets import COLUMNS
from mmm_bayes.studies.rolling.windows import KEPT_CHECKS, QUANTITIES

SAMPLES = 50


def fake_window(plan: Any, piece: int) -> xr.Dataset:
    """Fake result of `fit_window` for a window of the plan."""
    rng = np.random.default_rng(piece)
    data, split = plan.dataset.data, plan.splits[piece]
    units, channels = [str(u) for u in data["unit"].values], list(plan.dataset.channels)
    shown = units if len(units) == 1 else [*units, "all"]
    coords = {"unit": shown, "channel": channels, "statistic": list(STATISTICS)}
    window = xr.Dataset(coords=coords)
    for name in QUANTITIES:
        draws = rng.gamma(20.0, 1.0 + piece, (SAMPLES, len(shown), len(channels)))
        window[name] = (("sample", "unit", "channel"), draws.astype(np.float32))
        lower, median, upper = np.quantile(draws, [0.05, 0.5, 0.95], axis=0)
        window[f"{name}_summary"] = (
            ("statistic", "unit", "channel"),
            np.stack([draws.mean(0), median, draws.std(0), lower, upper]),
        )
    if split.test.stop > split.test.start:
        observed = data["outcome"].values[split.test]
        if len(units) > 1:
            observed = np.concatenate([observed, observed.sum(1, keepdims=True)], 1)
        noise = rng.lognormal(0, 0.1, (SAMPLES, *observed.shape))
        window["prediction"] = (
            ("sample", "horizon", "unit"),
            (observed * noise).astype(np.float32),
        )
        window["observed"] = (("horizon", "unit"), observed)
        window = window.assign_coords(horizon=np.arange(1, len(observed) + 1))
    days = data["time"].values[[split.train.start, split.train.stop - 1]]
    window.attrs = {
        "window_start": str(days[0])[:10],
        "window_end": str(days[1])[:10],
        "sampling_seconds": 0.1,
        "verdict": "pass",
        "reasons": "",
    } | dict.fromkeys(KEPT_CHECKS, 1.0)
    return window


def fake_subsets(plan: Any) -> pd.DataFrame:
    """Fake result of `subset_effects` for the first control."""
    units = [str(unit) for unit in plan.dataset.data["unit"].values]
    rows = [
        ("promotion", subset, 10, unit, channel, estimand, mean, mean, 1.0, mean - 2, mean + 2)
        for subset, mean in (("off", 10.0), ("on", 12.0), ("difference", 2.0))
        for unit in (units if len(units) == 1 else [*units, "all"])
        for channel in plan.dataset.channels
        for estimand in ("total", "direct", "indirect")
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def fake_roll(parent: Path, *, units: int) -> Path:
    """Folder of a finished job with five windows, in `parent`."""
    from builds import description, table, write

    from mmm_bayes.studies.rolling import job

    data = write(parent / "data", table(units=units), description(units=units))
    plan = job.plan_rolling("partial_mediation", data, window=26, step=1, horizon=2)

    def run_piece(plan: Any, cores: Any, piece: Any) -> Any:
        return fake_subsets(plan) if isinstance(piece, str) else fake_window(plan, piece)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "run_piece", run_piece)
        return job.roll(plan, parent / "out", say=lambda _: None)
