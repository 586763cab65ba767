"""Bayesian marketing-mix models with an explicit mediation path.

What a notebook or a script asks for first is here by name::

    import mmm_bayes as mmm

    mmm.show(mmm.profile(mmm.load_data("weekly.toml")))        # what is in the table
    mmm.prior_check("partial_mediation", "weekly.toml")        # what the priors expect of it
    run = mmm.fit("partial_mediation", "weekly.toml", "results/weekly")
    run.estimands                                              # effects, with their intervals
    mmm.pictures(run)["effects"]
    mmm.optimize(run.folder)                                   # what to spend, and how sure

Importing the package loads nothing else, so that the command line answers at once: a name is
imported when it is first used. ``docs/architecture.md`` lists the modules.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmm_bayes.comparison.compare import compare as compare
    from mmm_bayes.dataset import load as load_data
    from mmm_bayes.dataset import profile as profile
    from mmm_bayes.dataset import show as show
    from mmm_bayes.decisions import optimize as optimize
    from mmm_bayes.errors import InputError as InputError
    from mmm_bayes.interactive import fit as fit
    from mmm_bayes.interactive import pictures as pictures
    from mmm_bayes.prior_checking import prior_check as prior_check
    from mmm_bayes.runs import load as load_run

_HOME = {
    "InputError": "errors.InputError",
    "compare": "comparison.compare.compare",
    "fit": "interactive.fit",
    "load_data": "dataset.load",
    "load_run": "runs.load",
    "optimize": "decisions.optimize",
    "pictures": "interactive.pictures",
    "prior_check": "prior_checking.prior_check",
    "profile": "dataset.profile",
    "show": "dataset.show",
}

__all__ = [
    "InputError",
    "compare",
    "fit",
    "load_data",
    "load_run",
    "optimize",
    "pictures",
    "prior_check",
    "profile",
    "show",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("mmm-bayes")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, member = _HOME[name].rpartition(".")
    return getattr(import_module(f"{__name__}.{module}"), member)


def __dir__() -> list[str]:
    return [*globals(), "__version__", *__all__]
