"""Bayesian marketing-mix models with an explicit mediation path.

The package imports nothing when it is imported, so that the command line answers at once; take what you need from its
modules, for instance ``from mmm_bayes.estimands import ...``. ``docs/architecture.md`` lists them.
"""


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("mmm-bayes")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
