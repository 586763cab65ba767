"""Contender pymc-marketing: its `MMM` with geometric adstock and Hill saturation.

Priors are those of this project wherever the two models have the same parameter; `README.md` lists
the exceptions. The sampler is the default of `MMM.fit` in an environment with pymc-marketing alone
(PyMC's NUTS), or nutpie, which is the default if it is installed.

    python benchmarks/contenders/with_pymc_marketing.py data/direct_only.toml --variant pymc
"""

from __future__ import annotations

import time
import warnings

import numpy as np
from protocol import (
    FOURIER,
    MAX_LAG,
    Stopwatch,
    Table,
    parse_arguments,
    read_table,
    report_result,
    window_spans,
)

warnings.simplefilter("ignore")

#: By default PyMC uses half of a machine's cores; this project and JAX use both of two.
CORES = 2


def build_model(table: Table):
    """`MMM` of a table, not fitted."""
    import xarray as xr
    from pymc_extras.prior import Prior
    from pymc_marketing.mmm import MMM, GeometricAdstock, HillSaturation

    columns = list(table.spends.values())
    outcome, spends = table.weeks[table.outcome], table.weeks[columns]
    # The package scales the outcome by its maximum, and each channel by its own.
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
    """X and y of the package."""
    columns = [table.date, *table.spends.values()]
    return table.weeks[columns].join(table.covariates), table.weeks[table.outcome]


def sampler(arguments) -> dict:
    """Arguments of `MMM.fit`; all others are the package's defaults."""
    return {
        "draws": arguments.draws,
        "tune": arguments.tune,
        "chains": arguments.chains,
        "random_seed": arguments.seed,
        "progressbar": False,
        "cores": CORES,
        "nuts_sampler": "nutpie" if arguments.variant == "nutpie" else "pymc",
    }


def fit_model(table: Table, arguments, watch: Stopwatch):
    """Fitted model; the seconds of sampling are subtracted from those of the call."""
    with watch.part("compile"):
        mmm = build_model(table)
        x, y = frames(table)
        tree = mmm.fit(x, y, **sampler(arguments))
    watch.move(float(tree["posterior"].attrs["sampling_time"]), "compile", "sampling")
    return mmm


def effects(mmm) -> np.ndarray:
    """Total effect of each channel, shape (chain, draw, channel), in the outcome's units."""
    draws = mmm.idata["posterior"]["channel_contribution"].sum("date")
    scale = float(mmm.scalers["_target"])
    return draws.transpose("chain", "draw", "channel").values * scale


def main() -> None:
    arguments = parse_arguments(("pymc", "nutpie"))
    watch = Stopwatch()
    with watch.part("import"):
        import pymc_marketing.mmm  # noqa: F401
    (windows if arguments.windows else fit)(arguments, watch)


def fit(arguments, watch: Stopwatch) -> None:
    """One fit, up to the total effect of every channel."""
    with watch.part("compile"):
        table = read_table(arguments.table)
    mmm = fit_model(table, arguments, watch)
    with watch.part("effects"):
        total = effects(mmm)
    posterior, stats = mmm.idata["posterior"], mmm.idata["sample_stats"]
    free = [variable.name for variable in mmm.model.free_RVs]
    report_result(
        watch,
        keep=arguments.keep,
        draws={name: posterior[name].transpose("chain", "draw", ...).values for name in free},
        effects=total,
        divergences=int(stats["diverging"].sum()),
        steps=float(stats["n_steps"].mean()),
    )


def windows(arguments, watch: Stopwatch) -> None:
    """Rolling windows as the folds of `TimeSliceCrossValidator`: each builds, fits and predicts."""
    import arviz_stats as azs

    table = read_table(arguments.table)
    results = []
    for train, test in window_spans(len(table.weeks), arguments):
        start = time.perf_counter()
        stopwatch = Stopwatch()
        window = table.rows(train)
        mmm = fit_model(window, arguments, stopwatch)
        total = effects(mmm)
        ahead, _ = frames(table.rows(slice(train.start, test.stop)))
        mmm.sample_posterior_predictive(
            ahead.iloc[-arguments.horizon :], include_last_observations=True,
            extend_idata=False, progressbar=False, random_seed=arguments.seed,
        )  # fmt: skip
        seconds = time.perf_counter() - start
        free = [variable.name for variable in mmm.model.free_RVs]
        ess = azs.ess(mmm.idata["posterior"].to_dataset()[free])
        results.append(
            {
                "seconds": seconds,
                "sampling": stopwatch.seconds["sampling"],
                "divergences": int(mmm.idata["sample_stats"]["diverging"].sum()),
                "ess": min(float(value.min()) for value in ess.values()),
                "effects": np.median(total, axis=(0, 1)).tolist(),
            }
        )
    report_result(watch, windows=results)


if __name__ == "__main__":
    main()
