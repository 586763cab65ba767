"""Contender of this project: `no_mediation` (like for like) or `partial_mediation` (mediation too).

python benchmarks/contenders/with_mmm_bayes.py data/direct_only.toml --variant no_mediation
"""

from __future__ import annotations

import time

from protocol import Stopwatch, parse_arguments, report_result, window_spans


def main() -> None:
    arguments = parse_arguments(("no_mediation", "partial_mediation"))
    (windows if arguments.windows else fit)(arguments)


def fit(arguments) -> None:
    """One fit, up to the total effect of every channel."""
    watch = Stopwatch()
    with watch.part("import"):
        from mmm_bayes.data import load
        from mmm_bayes.data.design import make_design
        from mmm_bayes.estimands import summed_effects
        from mmm_bayes.inference.sampling import (
            Settings,
            compile_model,
            compute_deterministics,
            sample,
        )
        from mmm_bayes.model.counterfactual import abduct
        from mmm_bayes.model.family import load_member
    with watch.part("compile"):
        arranged = make_design(load(arguments.table))
        compiled = compile_model(load_member(arguments.variant), arranged)
    settings = Settings(arguments.draws, arguments.tune, arguments.chains, arguments.seed)
    with watch.part("sampling"):
        tree = sample(compiled, arranged, settings)
    with watch.part("effects"):
        draws = compute_deterministics(compiled, arranged, tree["posterior"].to_dataset())
        effects = summed_effects(abduct(compiled.model, arranged, draws))
    stats = tree["sample_stats"]
    total = effects["total"].sel(unit="all").transpose("chain", "draw", "channel")
    report_result(
        watch,
        keep=arguments.keep,
        draws={name: draws[name].values for name in compiled.free},
        effects=total.values,
        divergences=int(stats["diverging"].sum()),
        steps=float(stats["n_steps"].mean()),
    )


def windows(arguments) -> None:
    """Rolling windows as `mmm-bayes rolling` fits them: compiled once, with the data replaced."""
    watch = Stopwatch()
    with watch.part("import"):
        from mmm_bayes.data import load
        from mmm_bayes.data.form import form_for
        from mmm_bayes.data.splits import Split
        from mmm_bayes.inference.sampling import Settings
        from mmm_bayes.model.family import load_member
        from mmm_bayes.studies.jobs import source_hash
        from mmm_bayes.studies.rolling.piece import RollingPlan, run_piece
    dataset = load(arguments.table)
    settings = Settings(arguments.draws, arguments.tune, arguments.chains, arguments.seed)
    splits = tuple(Split(*span) for span in window_spans(dataset.data.sizes["time"], arguments))
    source = source_hash(load_member(arguments.variant))
    plan = RollingPlan(arguments.variant, source, dataset, form_for(dataset), splits, settings)
    results = []
    for index in range(len(splits)):
        start = time.perf_counter()
        window = run_piece(plan, None, index)
        total = window["total_summary"].sel(statistic="median", unit="all")
        results.append(
            {
                "seconds": time.perf_counter() - start,
                "sampling": window.attrs["sampling_seconds"],
                "divergences": int(window.attrs["divergences"]),
                "ess": float(window.attrs["ess_bulk"]),
                "effects": total.values.tolist(),
            }
        )
    report_result(watch, windows=results)


if __name__ == "__main__":
    main()
