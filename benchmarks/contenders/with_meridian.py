"""Contender Meridian: a national model with geometric adstock, then Hill.

Priors are those of this project wherever the two models have the same parameter; `README.md` lists
the exceptions. Media have the package's prior on their contribution, which corresponds to this
project's `beta`. Trend and seasons enter as controls, with one knot: a constant level.

    python benchmarks/contenders/with_meridian.py data/direct_only.toml
"""

from __future__ import annotations

import os
import time
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.simplefilter("ignore")

import numpy as np  # noqa: E402
from protocol import (  # noqa: E402
    MAX_LAG,
    Stopwatch,
    Table,
    parse_arguments,
    read_table,
    report_result,
    window_spans,
)

#: JAX events that are not sampling. Tracing events are nested, so they are not subtracted, and the
#: sampling seconds include the first trace of each function.
COMPILING = (
    "/jax/core/compile/backend_compile_duration",
    "/jax/core/compile/jaxpr_to_mlir_module_duration",
)


def build_model(table: Table):
    """Meridian model of a table, not fitted."""
    from meridian.backend import np_float_dtype as real
    from meridian.backend import tfd
    from meridian.data.data_frame_input_data_builder import DataFrameInputDataBuilder
    from meridian.model.model import Meridian
    from meridian.model.prior_distribution import PriorDistribution
    from meridian.model.spec import ModelSpec

    columns = list(table.spends.values())
    spends = table.weeks[columns]
    weeks = table.weeks[columns].copy()
    weeks["time"] = table.weeks[table.date].dt.strftime("%Y-%m-%d")
    weeks["kpi"] = table.weeks[table.outcome]
    weeks["revenue_per_kpi"] = 1.0
    controls = table.covariates.join(table.waves)
    weeks = weeks.join(controls)
    builder = (
        DataFrameInputDataBuilder(kpi_type="revenue")
        .with_kpi(weeks)
        .with_revenue_per_kpi(weeks)
        .with_controls(weeks, control_cols=list(controls))
        .with_media(
            weeks, media_cols=columns, media_spend_cols=columns, media_channels=list(table.spends)
        )
    )
    # Meridian scales a channel by its median when on, and the outcome and the controls by their
    # standard deviations. The slope stays at its default, 1: a free slope below 1 has an infinite
    # gradient where a channel has had no exposure, and every step of the sampler is rejected.
    half = np.log(table.active_means / spends.where(spends > 0).median().to_numpy())
    prior = PriorDistribution(
        alpha_m=tfd.Beta(real(2.0), real(2.0), name="alpha_m"),
        ec_m=tfd.LogNormal(half, real(0.7), name="ec_m"),
        contribution_m=tfd.HalfNormal(table.shares, name="contribution_m"),
        gamma_c=tfd.Normal(real(0.0), real(1.0), name="gamma_c"),
        sigma=tfd.HalfNormal(real(1.0), name="sigma"),
    )
    spec = ModelSpec(prior=prior, media_prior_type="contribution", max_lag=MAX_LAG - 1, knots=1)
    return Meridian(input_data=builder.build(), model_spec=spec)


def fit_model(table: Table, arguments, watch: Stopwatch):
    """Fitted model; the seconds in which JAX compiled are subtracted from those of sampling."""
    import jax

    compiled = []

    def listen(event: str, seconds: float, **_: object) -> None:
        if event in COMPILING:
            compiled.append(seconds)

    jax.monitoring.register_event_duration_secs_listener(listen)
    with watch.part("compile"):
        meridian = build_model(table)
    compiled.clear()
    with watch.part("sampling"):
        meridian.sample_posterior(
            n_chains=arguments.chains,
            n_adapt=arguments.tune,
            n_burnin=0,
            n_keep=arguments.draws,
            seed=arguments.seed,
        )
    watch.move(sum(compiled), "sampling", "compile")
    jax.monitoring.unregister_event_duration_listener(listen)
    return meridian


def effects(meridian) -> np.ndarray:
    """Total effect of each channel, shape (chain, draw, channel), in the outcome's units."""
    from meridian.analysis.analyzer import Analyzer

    return np.asarray(Analyzer(meridian).incremental_outcome())


def free(meridian) -> dict[str, np.ndarray]:
    """Every sampled parameter that a national model uses, shape (chain, draw, ...)."""
    posterior = meridian.inference_data.posterior
    names = ("alpha_m", "ec_m", "contribution_m", "gamma_c", "sigma", "knot_values")
    return {name: np.asarray(posterior[name]) for name in names}


def divergences(meridian) -> int:
    return int(np.asarray(meridian.inference_data.sample_stats["diverging"]).sum())


def main() -> None:
    arguments = parse_arguments(("default",))
    watch = Stopwatch()
    with watch.part("import"):
        import meridian.analysis.analyzer
        import meridian.model.model  # noqa: F401
    (windows if arguments.windows else fit)(arguments, watch)


def fit(arguments, watch: Stopwatch) -> None:
    """One fit, up to the total effect of every channel."""
    meridian = fit_model(read_table(arguments.table), arguments, watch)
    with watch.part("effects"):
        total = effects(meridian)
    stats = meridian.inference_data.sample_stats
    steps = float(np.asarray(stats["n_steps"]).mean()) if "n_steps" in stats else None
    report_result(
        watch,
        keep=arguments.keep,
        draws=free(meridian),
        effects=total,
        divergences=divergences(meridian),
        steps=steps,
    )


def windows(arguments, watch: Stopwatch) -> None:
    """Rolling windows, a new model for each. Meridian does not forecast unseen weeks."""
    import arviz as az

    table = read_table(arguments.table)
    results = []
    for train, _ in window_spans(len(table.weeks), arguments):
        start = time.perf_counter()
        stopwatch = Stopwatch()
        meridian = fit_model(table.rows(train), arguments, stopwatch)
        total = effects(meridian)
        seconds = time.perf_counter() - start
        ess = [float(az.ess(value).min()) for value in _columns(free(meridian))]
        results.append(
            {
                "seconds": seconds,
                "sampling": stopwatch.seconds["sampling"],
                "divergences": divergences(meridian),
                "ess": min(ess),
                "effects": np.median(total, axis=(0, 1)).tolist(),
            }
        )
    report_result(watch, windows=results)


def _columns(draws: dict[str, np.ndarray]):
    for values in draws.values():
        yield from np.moveaxis(values.reshape(*values.shape[:2], -1), -1, 0)


if __name__ == "__main__":
    main()
