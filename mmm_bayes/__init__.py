"""Bayesian marketing-mix models with an explicit mediation path.

Importing it loads nothing else, so that the command line answers at once; import what you need from
its modules, which ``docs/architecture.md`` lists.
"""


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("mmm-bayes")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
