"""pymc-marketing's contender: its `MMM` with geometric adstock and Hill saturation.

Priors are this project's wherever the two models have the same parameter (`README.md` lists them
and where they can't be). The sampler is what `MMM.fit` takes by default in an environment that
holds pymc-marketing alone (PyMC's NUTS), or nutpie, which it takes if that is installed.

    python benchmarks/contenders/with_pymc_marketing.py data/direct_only.toml --variant pymc
"""

from __future__ import annotations

import time
import warnings

import numpy as np
from told import FOURIER, MAX_LAG, Stopwatch, Table, asked, read, spans, tell

warnings.simplefilter("ignore")

#: PyMC counts half of a machine's cores; this project and JAX use both of two.
CORES = 2


def model(table: Table):
    """An unfitted MMM of a table."""
    import xarray as xr
    from pymc_extras.prior import Prior
    from pymc_marketing.mmm import MMM, GeometricAdstock, HillSaturation

    columns = list(table.spends.values())
    outcome, spends = table.weeks[table.outcome], table.weeks[columns]
    # The package measures the outcome in its maximum, and a channel in its own.
    mean = float(outcome.mean() / outcome.max())

    def by_channel(values: np.ndarray) -> xr.DataArray:
        return xr.DataArray(values, dims="channel", coords={"channel": columns})

    half = np.log(table.active_means / spends.max().to_numpy())
    spread = table.spread * mean
    adstock = {"alpha": Prior("Beta", alpha=2, beta=2, dims="channel")}
    saturation = {
        "slope": Prior("LogNormal", mu=0.18, sigma=0.3, dims="channel"),
        "kappa": Prior("LogNormal", mu=by_channel(half), sigma=0.7, dims="channel"),
        # Its beta is the contribution at full saturation, about twice that of a mean week.
        "beta": Prior("HalfNormal", sigma=by_channel(2 * table.shares * mean), dims="channel"),
    }
    others = {
        "gamma_control": Prior("Normal", mu=0, sigma=spread, dims="control"),
        "gamma_fourier": Prior("Normal", mu=0, sigma=spread, dims="fourier_mode"),
        "likelihood": Prior("Normal", sigma=Prior("HalfNormal", sigma=spread), dims="date"),
    }
    return MMM(
        date_column=table.date,
        target_column=table.outcome,
        channel_columns=columns,
        control_columns=list(table.covariates),
        adstock=GeometricAdstock(l_max=MAX_LAG, priors=adstock),
        saturation=HillSaturation(priors=saturation),
        yearly_seasonality=FOURIER,
        model_config=others,
    )


def frames(table: Table):
    """The package's X and y."""
    columns = [table.date, *table.spends.values()]
    return table.weeks[columns].join(table.covariates), table.weeks[table.outcome]


def sampler(told) -> dict:
    """Arguments of `MMM.fit`; all that is not named is the package's default."""
    return {
        "draws": told.draws,
        "tune": told.tune,
        "chains": told.chains,
        "random_seed": told.seed,
        "progressbar": False,
        "cores": CORES,
        "nuts_sampler": "nutpie" if told.variant == "nutpie" else "pymc",
    }


def fitted(table: Table, told, watch: Stopwatch):
    """Fit, with the seconds of sampling taken out of those of the call."""
    with watch.part("compile"):
        mmm = model(table)
        x, y = frames(table)
        tree = mmm.fit(x, y, **sampler(told))
    watch.move(float(tree["posterior"].attrs["sampling_time"]), "compile", "sampling")
    return mmm


def effects(mmm) -> np.ndarray:
    """What each channel brought, shape (chain, draw, channel), in the outcome's units."""
    draws = mmm.idata["posterior"]["channel_contribution"].sum("date")
    scale = float(mmm.scalers["_target"])
    return draws.transpose("chain", "draw", "channel").values * scale


def main() -> None:
    told = asked(("pymc", "nutpie"))
    watch = Stopwatch()
    with watch.part("import"):
        import pymc_marketing.mmm  # noqa: F401
    (windows if told.windows else fit)(told, watch)


def fit(told, watch: Stopwatch) -> None:
    """One fit, to every channel's total effect."""
    with watch.part("compile"):
        table = read(told.table)
    mmm = fitted(table, told, watch)
    with watch.part("effects"):
        total = effects(mmm)
    posterior, stats = mmm.idata["posterior"], mmm.idata["sample_stats"]
    free = [variable.name for variable in mmm.model.free_RVs]
    tell(
        watch,
        keep=told.keep,
        draws={name: posterior[name].transpose("chain", "draw", ...).values for name in free},
        effects=total,
        divergences=int(stats["diverging"].sum()),
        steps=float(stats["n_steps"].mean()),
    )


def windows(told, watch: Stopwatch) -> None:
    """Windows as `TimeSliceCrossValidator` fits its folds: a model made, fitted, and predicting."""
    import arviz_stats as azs

    table = read(told.table)
    each = []
    for train, test in spans(len(table.weeks), told):
        begun = time.perf_counter()
        lap = Stopwatch()
        window = table.rows(train)
        mmm = fitted(window, told, lap)
        total = effects(mmm)
        ahead, _ = frames(table.rows(slice(train.start, test.stop)))
        mmm.sample_posterior_predictive(
            ahead.iloc[-told.horizon :], include_last_observations=True,
            extend_idata=False, progressbar=False, random_seed=told.seed,
        )  # fmt: skip
        seconds = time.perf_counter() - begun
        free = [variable.name for variable in mmm.model.free_RVs]
        ess = azs.ess(mmm.idata["posterior"].to_dataset()[free])
        each.append(
            {
                "seconds": seconds,
                "sampling": lap.seconds["sampling"],
                "divergences": int(mmm.idata["sample_stats"]["diverging"].sum()),
                "ess": min(float(value.min()) for value in ess.values()),
                "effects": np.median(total, axis=(0, 1)).tolist(),
            }
        )
    tell(watch, windows=each)


if __name__ == "__main__":
    main()
