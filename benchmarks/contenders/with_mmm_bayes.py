"""This project's contender: `direct` (like for like) or `partial_mediation` (what it does more).

python benchmarks/contenders/with_mmm_bayes.py data/direct_only.toml --variant direct
"""

from __future__ import annotations

import time

from told import Stopwatch, asked, spans, tell


def main() -> None:
    told = asked(("direct", "partial_mediation"))
    (windows if told.windows else fit)(told)


def fit(told) -> None:
    """One fit, to every channel's total effect."""
    watch = Stopwatch()
    with watch.part("import"):
        from mmm_bayes.counterfactual import world
        from mmm_bayes.dataset import load
        from mmm_bayes.design import design
        from mmm_bayes.estimands import summed_effects
        from mmm_bayes.family import member
        from mmm_bayes.sampling import Settings, compile_model, follow, sample
    with watch.part("compile"):
        arranged = design(load(told.table))
        compiled = compile_model(member(told.variant), arranged)
    settings = Settings(told.draws, told.tune, told.chains, told.seed)
    with watch.part("sampling"):
        tree = sample(compiled, arranged, settings)
    with watch.part("effects"):
        draws = follow(compiled, arranged, tree["posterior"].to_dataset())
        effects = summed_effects(world(compiled.model, arranged, draws))
    stats = tree["sample_stats"]
    total = effects["total"].sel(unit="all").transpose("chain", "draw", "channel")
    tell(
        watch,
        keep=told.keep,
        draws={name: draws[name].values for name in compiled.free},
        effects=total.values,
        divergences=int(stats["diverging"].sum()),
        steps=float(stats["n_steps"].mean()),
    )


def windows(told) -> None:
    """Windows as `mmm-bayes rolling` fits them: compiled once, the data swapped."""
    watch = Stopwatch()
    with watch.part("import"):
        from mmm_bayes.dataset import load
        from mmm_bayes.design import form_for
        from mmm_bayes.family import member
        from mmm_bayes.jobs import source_of
        from mmm_bayes.rolling.work import Plan, work
        from mmm_bayes.sampling import Settings
        from mmm_bayes.splits import Split
    dataset = load(told.table)
    settings = Settings(told.draws, told.tune, told.chains, told.seed)
    splits = tuple(Split(*span) for span in spans(dataset.data.sizes["time"], told))
    source = source_of(member(told.variant))
    plan = Plan(told.variant, source, dataset, form_for(dataset), splits, settings)
    each = []
    for at in range(len(splits)):
        begun = time.perf_counter()
        found = work(plan, None, at)
        total = found["total_summary"].sel(statistic="median", unit="all")
        each.append(
            {
                "seconds": time.perf_counter() - begun,
                "sampling": found.attrs["sampling_seconds"],
                "divergences": int(found.attrs["divergences"]),
                "ess": float(found.attrs["ess_bulk"]),
                "effects": total.values.tolist(),
            }
        )
    tell(watch, windows=each)


if __name__ == "__main__":
    main()
