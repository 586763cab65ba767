"""Bayesian marketing-mix models with an explicit mediation path.

The functions that a notebook or script needs first::

    import mmm_bayes as mmm

    mmm.show(mmm.profile(mmm.load_data("weekly.toml")))        # profile of the table
    mmm.prior_check("partial_mediation", "weekly.toml")        # prior predictive checks
    run = mmm.fit("partial_mediation", "weekly.toml", "results/weekly")
    run.estimands                                              # effects with their intervals
    mmm.pictures(run)["effects"]                               # a figure of the report
    mmm.optimize(run.folder)                                   # optimal spends

A name is imported when it is first used: importing the package itself loads nothing else, so that
the command line answers at once. ``docs/architecture.md`` lists the modules.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmm_bayes.comparison import compare as compare
    from mmm_bayes.data import load as load_data
    from mmm_bayes.data import profile as profile
    from mmm_bayes.data import show as show
    from mmm_bayes.data.design import Design as Design
    from mmm_bayes.decisions import optimize as optimize
    from mmm_bayes.errors import InputError as InputError
    from mmm_bayes.inference.prior_check import prior_check as prior_check
    from mmm_bayes.inference.runs import load as load_run
    from mmm_bayes.model import terms as terms
    from mmm_bayes.notebook import fit as fit
    from mmm_bayes.notebook import pictures as pictures

_HOME = {
    "Design": "data.design.Design",
    "InputError": "errors.InputError",
    "compare": "comparison.compare",
    "fit": "notebook.fit",
    "load_data": "data.load",
    "load_run": "inference.runs.load",
    "optimize": "decisions.optimize",
    "pictures": "notebook.pictures",
    "prior_check": "inference.prior_check.prior_check",
    "profile": "data.profile",
    "show": "data.show",
    "terms": "model.terms",
}

__all__ = [
    "Design",
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
    "terms",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("mmm-bayes")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, member = _HOME[name].rpartition(".")
    if name == "terms":  # itself a module: the building blocks of model files
        return import_module(f"{__name__}.{_HOME[name]}")
    return getattr(import_module(f"{__name__}.{module}"), member)


def __dir__() -> list[str]:
    return [*globals(), "__version__", *__all__]
